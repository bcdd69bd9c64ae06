"""GetCallerIdentity of STS: whose account this is. Programs ask before they do anything."""

from typing import Any

from minibroker.aws.region import Region


class IdentityActions:
    """See the module."""

    def __init__(self, region: Region) -> None:
        self._region = region

    def get_caller_identity(self, who: str) -> dict[str, Any]:
        """The account, whose owner every caller is taken for."""
        account = self._region.account
        return {"UserId": account, "Account": account, "Arn": f"arn:aws:iam::{account}:root"}
