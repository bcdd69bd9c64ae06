# For .ci/run: what the tests of real brokers need on this machine, kept in a cache between runs.
# What could not be had goes to `lacking`, a sentence each; what is there to `parts`, as the tests'
# marks name it (tests/brokers_ran.py). `scratch` and `notice` are the caller's.
# shellcheck shell=bash disable=SC2154

lacking=()
parts=()
lack() { lacking+=("$*"); }

# Prints the packages of what is not here, one line.
broker_packages() {
    local wanted=()
    docker version >/dev/null 2>&1 || command -v dockerd >/dev/null || wanted+=(docker.io iproute2)
    # Newer releases have the command in a package of its own.
    command -v docker >/dev/null || ! apt-cache show docker-cli >/dev/null 2>&1 || wanted+=(docker-cli)
    command -v debootstrap >/dev/null || wanted+=(debootstrap)
    command -v java >/dev/null || wanted+=(default-jre-headless)
    command -v mvn >/dev/null || wanted+=(maven)
    command -v redis-server >/dev/null || wanted+=(redis-server)
    [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] || wanted+=(rabbitmq-server)
    echo "${wanted[*]}"
}

# The cache --------------------------------------------------------------------------------------

# Takes the machine's cache, or a directory of this run alone while another run has it.
take_cache() {
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/ackademy-ci
    if mkdir -p "$cache" 2>/dev/null && exec 9>"$cache/lock" && flock --nonblock 9 2>/dev/null; then
        return
    fi
    notice "$cache cannot be had just now: this run builds its own images"
    cache=$scratch/cache
}

# Docker -----------------------------------------------------------------------------------------

daemon=
bridge=

# A daemon of this run, where none runs. It changes no rule of the machine's network: its bridge is
# its own, and ports are passed on by a process.
start_docker() {
    command -v docker >/dev/null || { lack "brokers in Docker: there is no docker command"; return; }
    if docker version >/dev/null 2>&1; then
        parts+=(docker)
        return
    fi
    if [[ $(id -u) != 0 ]] || ! command -v dockerd >/dev/null || ! command -v ip >/dev/null; then
        lack "brokers in Docker: no daemon answers, and starting one takes root, dockerd and ip"
        return
    fi
    # Two runs at once differ by their process numbers.
    local name=ackademy$$
    if ! { ip link add name "$name" type bridge && bridge=$name &&
        ip address add "172.30.$(($$ % 250)).1/24" dev "$name" &&
        ip link set "$name" up; } >"$scratch/dockerd.log" 2>&1; then
        lack "brokers in Docker: no bridge can be made: $(tail -n 1 "$scratch/dockerd.log")"
        return
    fi
    setsid dockerd --data-root "$cache/docker" --exec-root "$scratch/docker" \
        --host "unix://$scratch/docker.sock" --pidfile "$scratch/docker.pid" --bridge "$name" \
        --iptables=false --ip-forward=false >"$scratch/dockerd.log" 2>&1 </dev/null &
    daemon=$!
    export DOCKER_HOST=unix://$scratch/docker.sock
    local deadline=$((SECONDS + 60))
    until docker version >/dev/null 2>&1; do
        if ! kill -0 "$daemon" 2>/dev/null || ((SECONDS > deadline)); then
            lack "brokers in Docker: no daemon can run: $(tail -n 1 "$scratch/dockerd.log")"
            stop_docker
            unset DOCKER_HOST
            return
        fi
        sleep 0.1
    done
    parts+=(docker)
    # Only of a run that was cut off before its end.
    docker container prune --force >/dev/null
}

stop_docker() {
    if [[ $daemon ]]; then
        docker ps --quiet 2>/dev/null | xargs --no-run-if-empty docker rm --force >/dev/null 2>&1 || true
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
        # The one that a daemon leaves mounted, to be found when it starts again.
        umount "$scratch/docker/netns/default" 2>/dev/null || true
        daemon=
    fi
    [[ ! $bridge ]] || ip link delete "$bridge" 2>/dev/null || true
    bridge=
}

# What the brokers are made of -------------------------------------------------------------------

# Runs beside the installation, in a process of its own; its output ends in $scratch/fetched.
fetch_brokers() {
    if [[ " ${parts[*]} " == *" docker "* ]]; then
        scripts/offline-images/build --cache "$cache" || true
    fi
    tools/kafka-jars "$cache/kafka-jars" || true
}

# Of what fetch_brokers could not build, its output says why.
count_parts() {
    local kind tag
    if [[ " ${parts[*]} " == *" docker "* ]]; then
        while read -r kind tag; do
            if docker image inspect "$tag" >/dev/null 2>&1; then
                parts+=("docker:$kind")
            else
                lack "$kind in Docker: there is no image $tag"
            fi
        done <<END
redis redis:8
rabbitmq rabbitmq:4-management
kafka apache/kafka:4.4.0
aws motoserver/moto:latest
END
    fi

    if command -v redis-server >/dev/null; then
        parts+=(native:redis)
    else
        lack "native Redis: there is no redis-server"
    fi
    if [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]]; then
        parts+=(native:rabbitmq)
    else
        lack "native RabbitMQ: there is no rabbitmq-server"
    fi
    if ! java_is_new_enough; then
        lack "native Kafka: there is no Java, 17 or newer"
    elif [[ ! -d $cache/kafka-jars ]]; then
        lack "native Kafka: its jars could not be fetched"
    else
        export ACKADEMY_KAFKA_JARS=$cache/kafka-jars
        parts+=(native:kafka)
    fi
}

java_is_new_enough() {
    local version
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    ((${version:-0} >= 17))
}
