"""Exports with the headers, amounts, dates and outcomes of other languages and encodings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stageproof.engine.problem import Refused
from stageproof.importers import import_files
from stageproof.importers.encoding import encoding_named
from stageproof.importers.mapping import read_mapping
from tests.importers.imported_books import Import, codes, versions

# Every file says the same of two deals: won on 15 October 2025 for 1,234.50, and open in 18,000.00.
GERMAN = (
    "Verkaufschance;Firma;Phase;Volumen;Voraussichtl. Abschluss;Erstellungsdatum;Verantwortlicher;Lead-Quelle\n"
    "Hafen;Blau GmbH;Gewonnen;1.234,50 €;15.10.2025;03.09.2025;Jörg Öz;Messe\n"
    "Depot;Blau GmbH;Angebot;18.000,00 €;28.11.2025;03.09.2025;Jörg Öz;Messe\n"
)
FRENCH = (
    "Nom de l'opportunité;Nom du compte;Étape;Montant;Date de clôture;Date de création;"
    "Propriétaire de l'opportunité;Origine de la piste\n"
    "Hafen;Blau GmbH;Fermée gagnée;1 234,50 €;15/10/2025;03/09/2025;Jörg Öz;Messe\n"
    "Depot;Blau GmbH;Angebot;18 000,00 €;28/11/2025;03/09/2025;Jörg Öz;Messe\n"
)
BRAZILIAN = (
    "Nome da oportunidade;Nome da conta;Fase;Valor (EUR);Data de fechamento;Data de criação;"
    "Proprietário da oportunidade;Origem do lead\n"
    "Hafen;Blau GmbH;Fechado e ganho;1.234,50;15 de outubro de 2025;03/09/2025 09:00;Jörg Öz;Messe\n"
    "Depot;Blau GmbH;Angebot;18.000,00;28/11/2025;03/09/2025 09:00;Jörg Öz;Messe\n"
)
DUTCH = (
    "Verkoopkans\tKlant\tVerkoopfase\tBedrag in EUR\tSluitingsdatum\tAangemaakt op\tEigenaar\tBron\n"
    "Hafen\tBlau GmbH\tGewonnen\t1.234,50\t15-10-2025\t03-09-2025\tJörg Öz\tMesse\n"
    "Depot\tBlau GmbH\tAngebot\t18.000,-\t28-11-2025\t03-09-2025\tJörg Öz\tMesse\n"
)
JAPANESE = (
    "案件名,取引先名,フェーズ,金額,完了予定日,作成日,所有者,リードソース\n"
    "Hafen,Blau GmbH,受注,¥1234,2025年10月15日,2025年9月3日,Jorg Oz,Messe\n"
    "Depot,Blau GmbH,提案,¥1.8万,2025/11/28,2025/09/03,Jorg Oz,Messe\n"
)


@pytest.mark.parametrize(
    "text", [GERMAN, FRENCH, BRAZILIAN, DUTCH], ids=["german", "french", "brazilian", "dutch"]
)
def test_the_same_deals_in_every_language(imported: Import, text: str) -> None:
    found = imported({"deals.csv": text})
    ended = versions(found, "stage", "amount", "currency", "close_on", "owner", "account", "source")
    said = ("EUR", dt.date(2025, 10, 15), "Jörg Öz", "Blau GmbH", "Messe")
    assert [row[2:] for row in ended if row[0] == "Hafen"][-1] == ("won", None, 1234_50, *said)
    assert [row[2:] for row in ended if row[0] == "Depot"] == [
        ("open", "Angebot", 18000_00, "EUR", dt.date(2025, 11, 28), *said[2:])
    ]
    assert ended[0][1][:10] == "2025-09-03"  # type: ignore[index]


@pytest.mark.parametrize(("encoding", "noted"), [("utf-8-sig", False), ("utf-16", False), ("cp932", True)])
def test_japanese_in_its_encodings(tmp_path: Path, encoding: str, noted: bool) -> None:
    path = tmp_path / "案件.csv"
    # In Shift-JIS the byte of the backslash is shown as a yen sign.
    path.write_bytes(JAPANESE.replace("¥", "\\" if noted else "¥").encode(encoding))
    found = import_files([path], currency="JPY")
    assert versions(found, "stage", "amount", "close_on")[-1][2:] == (
        "won",
        None,
        1234,
        dt.date(2025, 10, 15),
    )
    assert versions(found, "stage", "amount", "close_on")[0][2:] == (
        "open", "提案", 18000, dt.date(2025, 11, 28),
    )  # fmt: skip
    assert ("encoding_guessed" in codes(found)) == noted


def test_western_letters_are_not_taken_for_japanese(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(GERMAN.encode("cp1252"))
    found = import_files([path])
    assert {row[3] for row in versions(found, "owner")} == {"Jörg Öz"}
    assert [each.says for each in found.problems if each.code == "encoding_guessed"] == [
        "The file is not UTF-8; it was read as Windows-1252, Western European."
    ]


HEADER = "Deal,Account,Stage,Amount,Close date,Owner\n"
SHEETS = {
    "Polish": ("cp1250", "Wdrożenie,Łódzkie Zakłady,Wygrana,12500,2025-09-30,Małgorzata Wiśniewska\n"
               "Szkolenie,Spółdzielnia Jedność,Negocjacje,8000,2025-10-01,Paweł Żółkiewski\n"
               "Odnowienie,Poczta Gdańsk,Oferta,4000,2025-10-15,Grzegorz Brzęczyszczykiewicz\n"),
    "Russian": ("cp1251", "Внедрение системы,ООО Ромашка,Переговоры,12500,2025-09-30,Иван Петров\n"
                "Продление,Завод Прогресс,Предложение,8000,2025-10-01,Мария Иванова\n"),
    "Greek": ("cp1253", "Ανανέωση,Ελληνικά Ναυπηγεία,Διαπραγμάτευση,12500,2025-09-30,Γιώργος Παπαδόπουλος\n"),
    "Hebrew": ("cp1255", "חידוש רישיון,מפעלי ים המלח,משא ומתן,12500,2025-09-30,דוד כהן\n"),
    "Japanese": ("cp932", "システム導入,株式会社山田製作所,交渉,12500,2025-09-30,田中太郎\n"),
    "German": ("cp1252", "Einführung,Müller Maschinenbau,Verhandlung,12500,2025-09-30,Jürgen Weiß\n"),
    "French": ("cp1252", "Déploiement,Société d'Électricité,Négociation,12500,2025-09-30,François Lefèvre\n"),
    "Spanish": ("cp1252", "Renovación,Compañía Española,Negociación,12500,2025-09-30,Begoña Muñoz\n"),
    "Portuguese": ("cp1252", "Renovação,São João Açúcar,Negociação,12500,2025-09-30,Conceição Simões\n"),
    "Danish": ("cp1252", "Fornyelse,Ålborg Værft,Forhandling,12500,2025-09-30,Søren Kjærgård\n"),
    "Icelandic": ("cp1252", "Endurnýjun,Þórshöfn,Samningur,12500,2025-09-30,Guðrún Ævarsdóttir\n"),
    "mixed": ("cp1252", "Renewal,Müller GmbH,Negotiation,12500,2025-09-30,René Stein\n"
              "Upsell,Öresund AB,Offer,1,2025-10-01,Señor Núñez\n"),
}  # fmt: skip
"""A deal or two in a language, as spreadsheets of its country save them where they do not save UTF-8."""

OPEN = {
    "Slovak": (
        "cp1250",
        "Rozšírenie,Košické železiarne,Rokovanie,12500,2025-09-30,Ľubomír Šťastný\n"
        "Obnova,Žilinská tlačiareň,Ponuka,8000,2025-10-01,Zuzana Kováčová\n",
    ),
    "Czech": ("cp1250", "Rozšíření licencí,Plzeňské strojírny,Jednání,12500,2025-09-30,Jiří Dvořák\n"),
    "Hungarian": ("cp1250", "Bővítés,Győri Művek,Tárgyalás,12500,2025-09-30,Kovács Zsófia\n"),
    "Turkish": ("cp1254", "Yazılım lisansı,İstanbul Çelik Şirketi,Müzakere,12500,2025-09-30,Ayşe Yıldız\n"),
}
"""What could be Western words just as well: each has to be named."""


def names_in(text: str) -> set[str]:
    return {line.split(",")[5] for line in text.splitlines()}


@pytest.mark.parametrize("language", SHEETS)
def test_letters_tell_the_code_page(tmp_path: Path, language: str) -> None:
    page, text = SHEETS[language]
    path = tmp_path / "deals.csv"
    path.write_bytes((HEADER + text).encode(page))
    found = import_files([path])
    assert {row[3] for row in versions(found, "owner")} == names_in(text)
    (note,) = [each for each in found.problems if each.code == "encoding_guessed"]
    assert (
        f"it was read as {'Shift-JIS' if page == 'cp932' else page.replace('cp', 'Windows-')}, " in note.says
    )


@pytest.mark.parametrize("language", OPEN)
def test_a_code_page_is_named_where_letters_leave_it_open(tmp_path: Path, language: str) -> None:
    page, text = OPEN[language]
    path = tmp_path / "deals.csv"
    path.write_bytes((HEADER + text).encode(page))
    (note,) = [each for each in import_files([path]).problems if each.code == "encoding_guessed"]
    assert "Windows-1252" in note.says
    assert "--encoding" in note.remedy
    for said in ({"encoding": page.replace("cp", "windows-")}, {"mapping": read_mapping(f'encoding = "{page}"')}, {
        "mapping": read_mapping(f'[files."deals.csv"]\nencoding = "{page}"')
    }):  # fmt: skip
        found = import_files([path], **said)  # type: ignore[arg-type]
        assert {row[3] for row in versions(found, "owner")} == names_in(text)
        assert "encoding_guessed" not in codes(found)


def test_what_is_utf_8_is_read_so_whatever_was_said_of_the_others(tmp_path: Path) -> None:
    for name, page in (("one.csv", "utf-8"), ("two.csv", "cp1250")):
        line = SHEETS["Polish"][1].splitlines()[0].replace("Wdrożenie", name)
        (tmp_path / name).write_bytes((HEADER + line + "\n").encode(page))
    found = import_files([tmp_path / "one.csv", tmp_path / "two.csv"], encoding="windows-1250")
    assert {row[3] for row in versions(found, "owner")} == {"Małgorzata Wiśniewska"}


@pytest.mark.parametrize("name", ["latin-9000", "utf-16", "rot13", "base64", ""])
def test_an_encoding_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        encoding_named(name)
    (problem,) = refused.value.problems
    assert (problem.code, "Windows-1250" in problem.remedy) == ("unknown_encoding", True)
    with pytest.raises(Refused):
        read_mapping(f'encoding = "{name}"')
