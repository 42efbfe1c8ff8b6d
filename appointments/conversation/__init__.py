"""What the agent can do for a caller who is on the line. Each function takes the call and what was said, and answers
with a reply that can be spoken and claims nothing that is not so.
"""

from appointments.conversation.callbacks import request_callback
from appointments.conversation.cancelling import cancel
from appointments.conversation.changing import change
from appointments.conversation.checking import check
from appointments.conversation.collecting import collect
from appointments.conversation.finding import find
from appointments.conversation.turn import Said

__all__ = ["Said", "cancel", "change", "check", "collect", "find", "request_callback"]
