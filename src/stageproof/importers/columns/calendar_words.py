"""Months, weekdays and the words around a time of day, as several languages write them in dates."""

from __future__ import annotations

_BY_MONTH = """
    jan january januar jänner januari janv janvier ene enero janeiro gen gennaio styczeń stycznia
    feb february februar februari fév févr février febrero fev fevereiro febbraio lutego luty
    mar march märz mrz mär maart mrt mars marzo março marca marzec
    apr april avr avril abr abril aprile kwietnia kwiecień
    may mai mei maj mayo maio mag maggio maja
    jun june juni juin junio junho giu giugno czerwca czerwiec
    jul july juli juil juillet julio julho lug luglio lipca lipiec
    aug august augustus augusti août aou ago agosto sierpnia sierpień
    sep sept september septembre septiembre set setembro sett settembre września wrzesień
    oct october okt oktober octobre octubre out outubro ott ottobre października październik
    nov november novembre noviembre novembro listopada listopad
    dec december dez dezember déc décembre dic diciembre dezembro dicembre des desember grudnia grudzień
"""
_OFFSETS = {
    "est": "-05", "edt": "-04", "cst": "-06", "cdt": "-05", "mst": "-07", "mdt": "-06", "pst": "-08", "pdt": "-07",
    "cet": "+01", "cest": "+02", "mez": "+01", "mesz": "+02", "eet": "+02", "eest": "+03", "jst": "+09",
    "aest": "+10", "aedt": "+11",
}  # fmt: skip

MONTHS = {
    word: f"{at:02d}" for at, line in enumerate(_BY_MONTH.strip().splitlines(), 1) for word in line.split()
}
"""The number of a month by each of its names and abbreviations, in small letters."""
OFFSETS = {name: f"{hours}:00" for name, hours in _OFFSETS.items()}
"""What abbreviations of zones mean that mean one thing; IST and BST mean several and are not here."""

MONTH = rf"(?i:{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
ZONE_NAME = rf"(?i:{'|'.join(sorted(OFFSETS, key=len, reverse=True))})"
_DAYS = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun"
    " montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so"
    " lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim"
    " lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom"
    " lunedì martedì mercoledì giovedì venerdì sabato domenica gio sab"
    " maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo"
    " segunda-feira terça-feira quarta-feira quinta-feira sexta-feira"
)
WEEKDAY = rf"(?i:{'|'.join(sorted(_DAYS.split(), key=len, reverse=True))})\.?"
AT = r"(?i:at|um|à|a las|às|om|kl\.?)"
O_CLOCK = r"(?i:uhr|h)"
