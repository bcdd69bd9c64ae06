from minibroker.log.epochs import UNDEFINED, Epochs


def the_epochs(*entries: tuple[int, int]) -> Epochs:
    epochs = Epochs()
    for epoch, start in entries:
        epochs.assign(epoch, start)
    return epochs


def test_an_epoch_ends_where_the_next_one_began():
    epochs = the_epochs((1, 0), (3, 10), (4, 15))
    assert epochs.end_offset_for(1, 20) == (1, 10)
    assert epochs.end_offset_for(3, 20) == (3, 15)
    assert epochs.end_offset_for(4, 20) == (4, 20)


def test_an_epoch_without_batches_here_is_answered_by_the_one_before():
    assert the_epochs((1, 0), (3, 10)).end_offset_for(2, 20) == (1, 10)


def test_an_epoch_before_all_known_ones_ends_where_they_begin():
    assert the_epochs((3, 10), (4, 15)).end_offset_for(2, 20) == (2, 10)


def test_an_epoch_after_all_known_ones_is_undefined():
    assert the_epochs((3, 10)).end_offset_for(4, 20) == UNDEFINED
    assert Epochs().end_offset_for(0, 0) == UNDEFINED


def test_an_epoch_is_assigned_once():
    epochs = the_epochs((1, 0), (1, 5), (0, 9))
    assert epochs.entries() == [(1, 0)]
    assert epochs.latest == 1


def test_an_epoch_in_which_nothing_was_appended_gives_way():
    assert the_epochs((1, 0), (2, 7), (3, 7)).entries() == [(1, 0), (3, 7)]


def test_truncation_forgets_epochs_that_began_there_or_later():
    epochs = the_epochs((1, 0), (3, 10), (4, 15))
    epochs.truncate(10)
    assert epochs.entries() == [(1, 0)]


def test_the_epoch_that_goes_on_at_the_start_is_said_to_begin_there():
    epochs = the_epochs((1, 0), (3, 10), (4, 15))
    epochs.delete_before(12)
    assert epochs.entries() == [(3, 12), (4, 15)]
    epochs.delete_before(15)
    assert epochs.entries() == [(4, 15)]
    epochs.delete_before(3)
    assert epochs.entries() == [(4, 15)]
