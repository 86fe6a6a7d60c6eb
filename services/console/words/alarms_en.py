"""The words of the alarms page in English."""

from __future__ import annotations

from typing import Any

LIST: dict[str, Any] = {
    "title": "Alarms",
    "groups": {
        "": "To deal with", "unacknowledged": "Unacknowledged", "active": "Active", "cleared": "Cleared, to be seen",
        "shelved": "Shelved", "suppressed": "Suppressed", "out": "Out of service", "all": "Everything",
    },
    "states": {
        "A": "normal", "B": "unacknowledged", "C": "acknowledged", "D": "cleared, not acknowledged",
        "E": "latched, not acknowledged", "F": "latched: to be reset", "G": "shelved", "H": "suppressed",
        "I": "out of service",
    },
    "sorts": {
        "": "worst first", "newest": "newest first", "oldest": "oldest first", "left": "least time left",
        "place": "by place",
    },
    "filters": "Filters", "by_state": "State", "by_priority": "Priority", "by_site": "Site", "by_sort": "Order",
    "any_priority": "All priorities", "any_site": "All sites ({n})", "site": "{name} ({n})",
    "search": "Search ( / )", "search_label": "Search in places, names and texts",
    "fold": "Search, site, order",
    "bare": "No filter",
    "outside": "{n} unacknowledged outside this filter", "outside_one": "1 unacknowledged outside this filter",
    "show_outside": "show all",
    "new": "{n} new", "changed": "The order has changed", "show_new": "show", "held": "List held while you work in it",
    "none": "Nothing here", "none_old": "Not known: data stopped",
    "range": "{first}–{last} of {n}", "pages": "Pages", "before": "‹ Before", "after": "Next ›",
    "columns": {
        "pick": "Select", "since": "Since", "what": "Where and what", "value": "Value and limit",
        "advice": "Consequence → response", "left": "To respond", "state": "State",
    },
    "pick": "Select {name}", "pick_all": "Select all shown (Shift+X)", "open": "Open",
    "by": "by {who} {time}", "until": "until {time}", "cleared": "cleared {time}",
    "trend": "The last {hours} h, limit {limit}", "trend_bare": "The last {hours} h",
    "comments": "{n} comments", "comment_one": "1 comment",
    "acts": {
        "acknowledge": "Acknowledge", "shelve": "Shelve", "unshelve": "Unshelve", "reset": "Reset",
        "comment": "Comment", "out_of_service": "Out of service", "in_service": "In service",
    },
    "selected": "{n} selected", "let_go": "Clear selection",
    "outcomes": {
        "sent": "{act}: sent …", "done": "{act}: done", "refused": "{act}: refused: {why}",
        "pending": "{act}: in the log, not carried out yet",
    },
    "nothing": "Select alarms first, or move to one with j and k.",
    "cannot": "{act}: none of the selected alarms can be.",
    "keys": {
        "move": "move from alarm to alarm",
        "pick": "select",
        "pick_all": "select all shown",
        "acknowledge": "acknowledge",
        "noted": "acknowledge with a comment",
        "shelve": "shelve",
        "comment": "comment",
        "search": "search",
        "open": "open the alarm",
        "let_go": "close, clear the selection",
    },
    "sound_on": "Sound on", "sound_off": "Sound off",
    "sound_wait": "Sound: press any key",
    "sound_hint": "A tone for every new critical or high alarm (m)",
    "back": "Back to the list",
    "one": {
        "title": "Alarm", "unknown": "This occurrence is not known here",
        "unknown_told": "It may be older than what the console keeps, or its address is not whole. The journal has it.",
        "trend": "The last {hours} h", "story": "What happened", "earlier": "Earlier occurrences of this alarm",
        "none_earlier": "None known.", "back_to": "Known back to {time}.",
        "all_known": "Known since the console started.",
        "comments": "Comments", "no_comments": "No comment yet.", "catalogue": "From the catalogue",
        "consequence": "Consequence", "response": "Response", "respond": "Time to respond", "priority": "Priority",
        "because": "Why this priority", "limit": "Limit", "delay": "Delay on / off", "source": "Source",
        "id": "Occurrence", "lasted": "lasted {age}", "stands": "stands",
        "no_catalogue": "The catalogue no longer has this rule.", "link": "Link to this occurrence",
    },
}  # fmt: skip

ALARM_ACTS: dict[str, Any] = {
    "comment": "Comment (optional)", "comment_needed": "Comment",
    "acknowledge": "Acknowledge {n} alarms", "acknowledge_one": "Acknowledge this alarm",
    "critical": "{n} of them are CRITICAL:", "and_more": "and {n} more",
    "sure": "Acknowledge {n}, {critical} critical among them",
    "passed_over": "{n} of the selected cannot be and are left out.",
    "shelve": "Shelve {n} alarms", "shelve_one": "Shelve this alarm",
    "shelved_means": "What is shelved is silent until then, whatever happens. Everybody sees who shelved it and why.",
    "why": "Why", "reasons": {
        "repair": "Repair or maintenance", "instrument": "Instrument at fault", "nuisance": "Comes again and again",
        "known": "Known, and dealt with elsewhere", "other": "Other (say why)",
    },
    "more_why": "More (needed for Other)", "say_why": "Say why.",
    "until": "Until", "ends": {
        "15m": "15 minutes", "1h": "1 hour", "shift": "end of the shift, {time}", "most": "as long as may be, {time}",
        "custom": "minutes:",
    },
    "once": "At most until it clears (once)",
    "bounded": "At most {age}: the shortest that the selected alarms allow.",
    "bad_end": "The end must lie between 1 minute and {age} from now.",
    "never": "These alarms may not be shelved.",
    "out_of_service": "Out of service: {n} alarms", "out_of_service_one": "Out of service: this alarm",
    "out_means": "Silent until somebody puts it back in service: for maintenance only.",
    "cancel": "Cancel", "minutes": "Minutes",
    "write": "Comment on {n} alarms", "write_one": "Comment on this alarm",
    "written": "Comment kept ({n}).", "empty": "Nothing was written.",
}  # fmt: skip
