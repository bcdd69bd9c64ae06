"""What the actions of SQS and SNS take, as botocore's models of them say.

Rule: only tables live here. A parameter is its name, ``!`` when it is required, and after a colon
its type: text unless something is said, ``int``, ``flag``, ``blob``, the name of a structure,
``[]`` around what a list holds, ``{}`` around what a map holds. A test compares this with
botocore's own files, which take too long to read in every process.
"""

import re

STRUCTURES = {
    "ChangeMessageVisibilityBatchRequestEntry": "Id! ReceiptHandle! VisibilityTimeout:int",
    "DeleteMessageBatchRequestEntry": "Id! ReceiptHandle!",
    "MessageAttributeValue": (
        "StringValue BinaryValue:blob StringListValues:[] BinaryListValues:[blob] DataType!"
    ),
    "MessageSystemAttributeValue": (
        "StringValue BinaryValue:blob StringListValues:[] BinaryListValues:[blob] DataType!"
    ),
    "NotificationAttributeValue": "DataType! StringValue BinaryValue:blob",
    "PublishBatchRequestEntry": (
        "Id! Message! Subject MessageStructure MessageAttributes:{NotificationAttributeValue} "
        "MessageDeduplicationId MessageGroupId"
    ),
    "SendMessageBatchRequestEntry": (
        "Id! MessageBody! DelaySeconds:int MessageAttributes:{MessageAttributeValue} "
        "MessageSystemAttributes:{MessageSystemAttributeValue} MessageDeduplicationId "
        "MessageGroupId"
    ),
    "Tag": "Key! Value!",
}

ACTIONS = {
    "sqs": {
        "AddPermission": "QueueUrl! Label! AWSAccountIds!:[] Actions!:[]",
        "CancelMessageMoveTask": "TaskHandle!",
        "ChangeMessageVisibility": "QueueUrl! ReceiptHandle! VisibilityTimeout!:int",
        "ChangeMessageVisibilityBatch": (
            "QueueUrl! Entries!:[ChangeMessageVisibilityBatchRequestEntry]"
        ),
        "CreateQueue": "QueueName! Attributes:{} tags:{}",
        "DeleteMessage": "QueueUrl! ReceiptHandle!",
        "DeleteMessageBatch": "QueueUrl! Entries!:[DeleteMessageBatchRequestEntry]",
        "DeleteQueue": "QueueUrl!",
        "GetQueueAttributes": "QueueUrl! AttributeNames:[]",
        "GetQueueUrl": "QueueName! QueueOwnerAWSAccountId",
        "ListDeadLetterSourceQueues": "QueueUrl! NextToken MaxResults:int",
        "ListMessageMoveTasks": "SourceArn! MaxResults:int",
        "ListQueueTags": "QueueUrl!",
        "ListQueues": "QueueNamePrefix NextToken MaxResults:int",
        "PurgeQueue": "QueueUrl!",
        "ReceiveMessage": (
            "QueueUrl! AttributeNames:[] MessageSystemAttributeNames:[] MessageAttributeNames:[] "
            "MaxNumberOfMessages:int VisibilityTimeout:int WaitTimeSeconds:int "
            "ReceiveRequestAttemptId"
        ),
        "RemovePermission": "QueueUrl! Label!",
        "SendMessage": (
            "QueueUrl! MessageBody! DelaySeconds:int MessageAttributes:{MessageAttributeValue} "
            "MessageSystemAttributes:{MessageSystemAttributeValue} MessageDeduplicationId "
            "MessageGroupId"
        ),
        "SendMessageBatch": "QueueUrl! Entries!:[SendMessageBatchRequestEntry]",
        "SetQueueAttributes": "QueueUrl! Attributes!:{}",
        "StartMessageMoveTask": "SourceArn! DestinationArn MaxNumberOfMessagesPerSecond:int",
        "TagQueue": "QueueUrl! Tags!:{}",
        "UntagQueue": "QueueUrl! TagKeys!:[]",
    },
    "sns": {
        "AddPermission": "TopicArn! Label! AWSAccountId!:[] ActionName!:[]",
        "ConfirmSubscription": "TopicArn! Token! AuthenticateOnUnsubscribe",
        "CreateTopic": "Name! Attributes:{} Tags:[Tag] DataProtectionPolicy",
        "DeleteTopic": "TopicArn!",
        "GetSubscriptionAttributes": "SubscriptionArn!",
        "GetTopicAttributes": "TopicArn!",
        "ListSubscriptions": "NextToken",
        "ListSubscriptionsByTopic": "TopicArn! NextToken",
        "ListTagsForResource": "ResourceArn!",
        "ListTopics": "NextToken",
        "Publish": (
            "TopicArn TargetArn PhoneNumber Message! Subject MessageStructure "
            "MessageAttributes:{NotificationAttributeValue} MessageDeduplicationId MessageGroupId"
        ),
        "PublishBatch": "TopicArn! PublishBatchRequestEntries!:[PublishBatchRequestEntry]",
        "RemovePermission": "TopicArn! Label!",
        "SetSubscriptionAttributes": "SubscriptionArn! AttributeName! AttributeValue",
        "SetTopicAttributes": "TopicArn! AttributeName! AttributeValue",
        "Subscribe": (
            "TopicArn! Protocol! Endpoint Attributes:{} ReturnSubscriptionArn:flag"
        ),
        "TagResource": "ResourceArn! Tags!:[Tag]",
        "Unsubscribe": "SubscriptionArn!",
        "UntagResource": "ResourceArn! TagKeys!:[]",
    },
}  # fmt: skip
"""What is simulated, by service."""

OUTSIDE = {
    "sqs": (
        "can_paginate", "close", "generate_presigned_url", "get_paginator", "get_waiter", "meta",
        "waiter_names",
    ),
    "sns": (
        "can_paginate", "close", "generate_presigned_url", "get_paginator", "get_waiter", "meta",
        "waiter_names", "check_if_phone_number_is_opted_out", "create_platform_application",
        "create_platform_endpoint", "create_sms_sandbox_phone_number", "delete_endpoint",
        "delete_platform_application", "delete_sms_sandbox_phone_number",
        "get_data_protection_policy", "get_endpoint_attributes",
        "get_platform_application_attributes", "get_sms_attributes",
        "get_sms_sandbox_account_status", "list_endpoints_by_platform_application",
        "list_origination_numbers", "list_phone_numbers_opted_out", "list_platform_applications",
        "list_sms_sandbox_phone_numbers", "opt_in_phone_number", "put_data_protection_policy",
        "set_endpoint_attributes", "set_platform_application_attributes", "set_sms_attributes",
        "verify_sms_sandbox_phone_number",
    ),
}  # fmt: skip
"""What the real clients have besides."""

ERRORS = {
    "sqs": (
        "BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidAddress",
        "InvalidAttributeName", "InvalidAttributeValue", "InvalidBatchEntryId", "InvalidIdFormat",
        "InvalidMessageContents", "InvalidSecurity", "KmsAccessDenied", "KmsDisabled",
        "KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound", "KmsOptInRequired", "KmsThrottled",
        "MessageNotInflight", "OverLimit", "PurgeQueueInProgress", "QueueDeletedRecently",
        "QueueDoesNotExist", "QueueNameExists", "ReceiptHandleIsInvalid", "RequestThrottled",
        "ResourceNotFoundException", "TooManyEntriesInBatchRequest", "UnsupportedOperation",
    ),
    "sns": (
        "AuthorizationErrorException", "BatchEntryIdsNotDistinctException",
        "BatchRequestTooLongException", "ConcurrentAccessException", "EmptyBatchRequestException",
        "EndpointDisabledException", "FilterPolicyLimitExceededException",
        "InternalErrorException", "InvalidBatchEntryIdException", "InvalidParameterException",
        "InvalidParameterValueException", "InvalidSecurityException", "InvalidStateException",
        "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException",
        "KMSNotFoundException", "KMSOptInRequired", "KMSThrottlingException", "NotFoundException",
        "OptedOutException", "PlatformApplicationDisabledException",
        "ReplayLimitExceededException", "ResourceNotFoundException", "StaleTagException",
        "SubscriptionLimitExceededException", "TagLimitExceededException", "TagPolicyException",
        "ThrottledException", "TooManyEntriesInBatchRequestException",
        "TopicLimitExceededException", "UserErrorException", "ValidationException",
        "VerificationException",
    ),
}  # fmt: skip
"""The classes in ``client.exceptions``."""

CODES = {
    ("sns", "ParameterValueInvalid"): "InvalidParameterValueException",
}
"""Codes that name their class by another word than itself with ``Exception`` at its end."""


def op(action: str) -> str:
    """What a client's method for an action is called, and its effect at the boundary."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", action).lower()


OPS = {service: {op(action): action for action in actions} for service, actions in ACTIONS.items()}
"""The actions by their methods."""


def error_class(service: str, code: str) -> str:
    """The name of the class for a code; empty when the model has none."""
    for name in (CODES.get((service, code)), code, f"{code}Exception"):
        if name is not None and name in ERRORS[service]:
            return name
    return ""
