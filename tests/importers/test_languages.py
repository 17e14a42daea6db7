"""Exports with the headers, amounts, dates and outcomes of other languages and encodings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stageproof.importers import import_files
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
        "The file is not UTF-8; it was read as Windows-1252."
    ]
