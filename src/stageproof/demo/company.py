"""Demo Company: its 45 people, what it sells, to whom, and how it is found. All of it is invented."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

COMPANY = "Demo Company"
DOMAIN = "demo-company.example"
PIPELINE_OWNER = "Ingrid Solheim"
VICE_PRESIDENT = "Howard Castellanos"
SALES_DEVELOPMENT = ("Bilal Farouk", "Chiara Benedetti")


@dataclass(frozen=True)
class Person:
    """Somebody at Demo Company; `until_on` is the last day of those who left."""

    name: str
    job: str
    team: str | None = None
    from_on: dt.date = dt.date(2021, 3, 1)
    until_on: dt.date | None = None

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}.{self.name.split()[-1].lower()}@{DOMAIN}"

    def works_on(self, day: dt.date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


TEAMS = ("East", "West")
MANAGERS = {"East": "Adaeze Nwosu", "West": "Martin Lindqvist"}
LEAVES_ON = dt.date(2025, 3, 28)

SELLERS = (
    Person("Priya Raghunathan", "account executive", "East"),
    Person("Tomasz Zielinski", "account executive", "East"),
    Person("Grace Okafor", "account executive", "East"),
    Person("Daniel Abramov", "account executive", "East"),
    Person("Marisol Quintero", "account executive", "East"),
    Person("Kenji Morimoto", "account executive", "West"),
    Person("Leila Haddad", "account executive", "West"),
    Person("Oliver Brandt", "account executive", "West", until_on=LEAVES_ON),
    Person("Siobhan Keane", "account executive", "West"),
    Person("Thandiwe Dlamini", "account executive", "West", from_on=dt.date(2025, 3, 31)),
)

OTHERS = (
    Person("Ruth Feldman", "chief executive"),
    Person(VICE_PRESIDENT, "vice president, sales"),
    Person(MANAGERS["East"], "sales manager", "East"),
    Person(MANAGERS["West"], "sales manager", "West"),
    Person(PIPELINE_OWNER, "revenue operations"),
    Person(SALES_DEVELOPMENT[0], "sales development"),
    Person(SALES_DEVELOPMENT[1], "sales development"),
    Person("Yuki Tanabe", "solution consultant"),
    Person("Amara Diallo", "head of marketing"),
    Person("Lucas Ferreira", "demand generation"),
    Person("Hannah Weiss", "content"),
    Person("George Papadakis", "chief financial officer"),
    Person("Mei Ling Chua", "controller"),
    Person("Rosalind Achebe", "people and office"),
    Person("Samuel Iversen", "legal and contracts"),
    Person("Elena Petrova", "head of delivery"),
    *(
        Person(name, "consultant")
        for name in (
            "Arjun Mehta",
            "Beatriz Sousa",
            "Caleb Whitfield",
            "Dina Mansour",
            "Emeka Obi",
            "Freya Halvorsen",
            "Gustavo Paredes",
            "Hye-jin Seo",
            "Isaac Thornton",
            "Jana Novotna",
            "Kwame Boateng",
            "Lin Xiaoming",
            "Mateo Vargas",
            "Nadia Rahimi",
            "Owen Prichard",
            "Paula Virtanen",
            "Rashid Karimov",
            "Sofia Lombardi",
            "Tuan Nguyen",
            "Wanjiru Kamau",
        )
    ),
)

PEOPLE = (*SELLERS, *OTHERS)


@dataclass(frozen=True)
class Offering:
    """One thing sold: its typical price in whole US dollars and how often it is what a buyer wants."""

    name: str
    price: int
    weight: float


OFFERINGS = (
    Offering("Operations Assessment", 42_000, 0.24),
    Offering("Process Redesign", 74_000, 0.30),
    Offering("Managed Operations", 112_000, 0.28),
    Offering("Team Enablement", 49_000, 0.18),
)

SEGMENTS = (("Mid-market", 0.62), ("Enterprise", 0.16), ("Small business", 0.22))
SEGMENT_SIZE = {"Mid-market": 1.0, "Enterprise": 1.75, "Small business": 0.55}
INDUSTRIES = (
    "Logistics",
    "Food",
    "Healthcare",
    "Manufacturing",
    "Energy",
    "Retail",
    "Education",
    "Insurance",
)

COMPETITORS = ("Northgate Partners", "Quill & Marsh", "an in-house team", "Veldt Consulting")

LOST_REASONS = (
    ("No decision", 0.34),
    ("Chose a competitor", 0.27),
    ("Budget withdrawn", 0.21),
    ("Priorities changed", 0.18),
)


@dataclass(frozen=True)
class Source:
    """Where leads come from: leads in a hundred, and how much more likely than typical they are to buy."""

    name: str
    weight: float
    promise: float


SOURCES = (
    Source("Website", 30, 0.95),
    Source("Paid search", 20, 0.70),
    Source("Event", 14, 1.05),
    Source("Outbound", 18, 0.80),
    Source("Referral", 10, 1.65),
    Source("Partner", 8, 1.45),
)
PROMISE = {source.name: source.promise for source in SOURCES}


@dataclass(frozen=True)
class Campaign:
    """A marketing campaign; `cost` in whole US dollars."""

    name: str
    source: str
    starts_on: dt.date
    ends_on: dt.date
    cost: int


DEMAND_GENERATION = "Lucas Ferreira"
"""Who plans the campaigns."""

_YEARLY = (
    ("Spring operations webinar", "Website", (2, 5), (4, 26), 9_500),
    ("Search: process redesign", "Paid search", (1, 1), (6, 30), 48_000),
    ("Search: managed operations", "Paid search", (7, 1), (12, 31), 54_000),
    ("Supply Forum booth", "Event", (5, 13), (6, 21), 38_500),
    ("Autumn round tables", "Event", (9, 9), (10, 25), 21_000),
    ("Cost of delay guide", "Website", (7, 8), (10, 4), 12_800),
    ("Customer introductions", "Referral", (1, 1), (12, 31), 6_000),
    ("Partner days", "Partner", (3, 4), (11, 29), 17_500),
    ("Operations leaders outreach", "Outbound", (1, 1), (12, 31), 26_000),
)

CAMPAIGNS = tuple(
    Campaign(f"{name} {year}", source, dt.date(year, *starts), dt.date(year, *ends), cost)
    for year in (2023, 2024, 2025)
    for name, source, starts, ends, cost in _YEARLY
)

ACCOUNT_FIRST = (
    "Alder", "Amberley", "Basalt", "Birchwood", "Bluefern", "Bramble", "Calder", "Cedarline", "Cobalt",
    "Coralbay", "Cresthill", "Dovetail", "Dunmore", "Eastmoor", "Elmfield", "Fairwater", "Fennel",
    "Flintrock", "Foxglove", "Garnet", "Glenbrook", "Greyheron", "Hazelton", "Highmeadow", "Ironbark",
    "Juniper", "Kestrel", "Lakemont", "Larkspur", "Lindenwood", "Marigold", "Millrace", "Mossbank",
    "Oakhaven", "Ochre", "Pinecrest", "Quartzite", "Redfern", "Rivermouth", "Saffron", "Sandpiper",
    "Silverleaf", "Stonebridge", "Tamarack", "Thistle", "Umber", "Valewood", "Willowmere", "Wrenfield",
    "Yarrow",
)  # fmt: skip
ACCOUNT_LAST = {
    "Logistics": ("Freight", "Logistics", "Carriers"),
    "Food": ("Foods", "Dairies", "Provisions"),
    "Healthcare": ("Clinics", "Health", "Care Homes"),
    "Manufacturing": ("Castings", "Plastics", "Instruments"),
    "Energy": ("Power", "Grid Services", "Energy"),
    "Retail": ("Stores", "Outfitters", "Markets"),
    "Education": ("Colleges", "Learning", "Academies"),
    "Insurance": ("Mutual", "Assurance", "Underwriting"),
}

CONTACT_FIRST = (
    "Aisha", "Alejandro", "Anneke", "Astrid", "Babajide", "Carmen", "Chinonso", "Dario", "Deepa", "Ewa",
    "Fatima", "Felix", "Giulia", "Hamza", "Helena", "Hiroshi", "Ines", "Ivan", "Jasmin", "Jonas", "Kavita",
    "Klara", "Lamar", "Lucia", "Malik", "Marit", "Minh", "Naoko", "Nikhil", "Noor", "Olga", "Pablo",
    "Petra", "Rafael", "Renee", "Ravi", "Sanna", "Sean", "Simone", "Tariq", "Teresa", "Ursula", "Viktor",
    "Wei", "Yasmin", "Zanele",
)  # fmt: skip
CONTACT_LAST = (
    "Abiola", "Aguilar", "Almeida", "Andersson", "Bakker", "Banerjee", "Bianchi", "Bondarenko", "Castillo",
    "Cheng", "Cohen", "Dubois", "Eriksen", "Fischer", "Fujita", "Ghosh", "Haraldsen", "Hassan", "Ibrahim",
    "Ito", "Jansen", "Kapoor", "Kowalski", "Laurent", "Lopez", "Mbeki", "Mendes", "Murphy", "Nakagawa",
    "Nikolaou", "Olawale", "Ortega", "Park", "Pereira", "Rahman", "Reyes", "Rossi", "Schneider", "Singh",
    "Tran", "Ueda", "Vasquez", "Walsh", "Yilmaz", "Zhang", "Zulu",
)  # fmt: skip

TITLES = {
    "champion": ("Head of Operations", "Operations Manager", "Process Lead"),
    "economic_buyer": ("Chief Financial Officer", "Managing Director", "Finance Director"),
    "decision_maker": ("Chief Operating Officer", "VP Operations", "General Manager"),
    "technical_evaluator": ("Systems Manager", "Head of IT", "Quality Lead"),
    "legal": ("General Counsel", "Contracts Manager", "Procurement Lead"),
    "coach": ("Programme Manager", "Plant Manager", "Regional Manager"),
    "blocker": ("Transformation Lead", "Works Council Chair", "Internal Audit Lead"),
}
"""The titles that hold each role; a committee has them in this order of likelihood."""

HOLIDAYS = frozenset(
    dt.date(year, month, day)
    for year, days in {
        2023: ((7, 4), (9, 4), (11, 23), (12, 25), (12, 26)),
        2024: ((1, 1), (5, 27), (7, 4), (9, 2), (11, 28), (12, 25), (12, 26)),
        2025: ((1, 1), (5, 26), (7, 4), (9, 1), (11, 27), (12, 25), (12, 26)),
    }.items()
    for month, day in days
)


def is_working_day(day: dt.date) -> bool:
    """Whether Demo Company works on that day."""
    return day.weekday() < 5 and day not in HOLIDAYS


def working_day(day: dt.date, *, back: bool = False) -> dt.date:
    """The day itself, or the nearest after (or before) it on which people work."""
    while not is_working_day(day):
        day += dt.timedelta(days=-1 if back else 1)
    return day
