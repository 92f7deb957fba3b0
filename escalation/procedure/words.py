"""The closed vocabularies of a policy pack: triggers, sources, kinds of duty, acts of the ladder, channels."""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """What happened, in the terms of the schools' rules. The second group belongs to the register of accounts."""

    DAMAGING_COMMENT = "damaging_comment"
    ILLEGAL_COMMENT = "illegal_comment"
    DAMAGING_OWN_ACCOUNT_POST = "damaging_own_account_post"
    INAPPROPRIATE_POST = "inappropriate_post"
    PROHIBITED_CONTENT_ON_OWN_ACCOUNT = "prohibited_content_on_own_account"
    CRISIS_OR_NEGATIVE_OPINION = "crisis_or_negative_opinion"
    MAJOR_EVENT_OR_URGENT = "major_event_or_urgent"
    SUDDEN_EVENT = "sudden_event"
    UNAUTHORISED_PUBLICATION = "unauthorised_publication"
    REVIEW_BEFORE_RELEASE = "review_before_release"
    CONSULTATION = "consultation"
    PLATFORM_CONTACT = "platform_contact"
    MONITORING = "monitoring"
    RELAY_DUTY = "relay_duty"
    ACCOUNTABILITY = "accountability"
    REFERRAL_TO_AUTHORITIES = "referral_to_authorities"
    ACCOUNT_RENAMED = "account_renamed"
    ACCOUNT_UNVERIFIED = "account_unverified"
    ACCOUNT_GONE = "account_gone"

    NEW_ACCOUNT = "new_account"
    RETROACTIVE_FILING = "retroactive_filing"
    MANAGER_CHANGE = "manager_change"
    NAME_CHANGE = "name_change"
    ACCOUNT_CHANGE = "account_change"
    ANNUAL_REVIEW = "annual_review"
    CLOSING = "closing"
    PERSONAL_ACCOUNT = "personal_account"
    GROUP_CREATED = "group_created"
    GROUP_DISSOLVED = "group_dissolved"
    GROUP_DAILY_CHECK = "group_daily_check"
    GROUP_MEMBERSHIP = "group_membership"
    TRAINING = "training"
    CREDENTIAL_CUSTODY = "credential_custody"
    SCORING = "scoring"
    VETO = "veto"


class Source(StrEnum):
    """Where a figure or a recipient comes from; `label` is what every page and notice prints beside it."""

    RULE = "rule"
    DEFAULT = "default"
    NONE = "none"

    @property
    def label(self) -> str:
        """校规 · 系统默认，非校规 · 校规未规定."""
        return {Source.RULE: "校规", Source.DEFAULT: "系统默认，非校规", Source.NONE: "校规未规定"}[self]


class Every(StrEnum):
    """How often a clause wants something done; `spoken` are the words that say so."""

    DAY = "day"
    TERM = "term"
    YEAR = "year"

    @property
    def spoken(self) -> tuple[str, ...]:
        """The words of a clause that mean this: 每天, 每学期, 每年, 年审."""
        return {
            Every.DAY: ("每天", "每日"),
            Every.TERM: ("每学期",),
            Every.YEAR: ("每年", "每年度", "年审", "年检"),
        }[self]


class Role(StrEnum):
    """The roles that the code itself names; a pack may add more (any lower-case key), one per office of the school."""

    KEEPER = "keeper"
    UNIT_LEADER = "unit_leader"
    SCHOOL_LEADER = "school_leader"
    RELATED_LEADERS = "related_leaders"
    PUBLICITY = "publicity"
    MONITOR = "monitor"
    DUTY_LEAD = "duty_lead"
    CARE = "care"


class DutyKind(StrEnum):
    """What kind of thing a clause demands. POWER (有权) and PRINCIPLE are shown, never carried out by machine."""

    REPORT = "report"
    PLATFORM_CONTACT = "platform_contact"
    HANDLING = "handling"
    POSITIVE_RESPONSE = "positive_response"
    HOLD = "hold"
    ONE_VOICE = "one_voice"
    COOPERATION = "cooperation"
    ANSWER = "answer"
    PROMISE = "promise"
    WATCHING = "watching"
    REVIEW = "review"
    SECRECY = "secrecy"
    BAN = "ban"
    RELAY = "relay"
    MENTION = "mention"
    FILING = "filing"
    VERIFICATION = "verification"
    TRAINING = "training"
    CUSTODY = "custody"
    SCORE = "score"
    ACCOUNTABILITY = "accountability"
    POWER = "power"
    PRINCIPLE = "principle"

    @property
    def automatic(self) -> bool:
        """Whether the service may open a task for it by itself; powers and penalties wait for a person."""
        return self not in (DutyKind.POWER, DutyKind.PRINCIPLE, DutyKind.ACCOUNTABILITY, DutyKind.SCORE)


class Act(StrEnum):
    """A step of the ladder on silence: remind the same person, make a phone task for them, tell the next role."""

    REMIND = "remind"
    PHONE = "phone"
    TELL = "tell"


class Channel(StrEnum):
    """Ways to reach people that this version has; a level lists those it wants, of which those set up are used.

    WECOM_APP, MAIL and SMS go to each person, the robots to their groups and WEBHOOK to a system of the school's own;
    PHONE has everybody telephoned at once, beside the other ways.
    """

    WECOM_APP = "wecom_app"
    MAIL = "mail"
    SMS = "sms"
    WECOM_ROBOT = "wecom_robot"
    DINGTALK_ROBOT = "dingtalk_robot"
    FEISHU_ROBOT = "feishu_robot"
    WEBHOOK = "webhook"
    PHONE = "phone"
