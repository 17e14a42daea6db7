"""What the columns of a deal are called in other languages, by the systems there and by people, as written there.

One line per language: German, French, Spanish, Portuguese, Italian, Dutch, the Nordic ones, Polish, Japanese, Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping

from stageproof.importers.header import header_key

_ABROAD: Mapping[str, str] = {
    "deal": """
        Vorgangsnummer, Datensatz-ID, Chancennummer
        Identifiant de l'opportunité, ID de l'opportunité, ID opportunité, ID de l'enregistrement, Numéro
        ID de la oportunidad, ID de oportunidad, ID oportunidad, ID del registro, Número
        ID da oportunidade, ID oportunidade, ID do registro
        ID opportunità, ID dell'opportunità
        Verkoopkans-ID, Record-ID
        案件ID, 案件番号, 商談ID, 商談番号, 取引ID, レコードID
        商机ID, 商机编号
    """,
    "name": """
        Verkaufschance, Chance, Bezeichnung, Titel, Projektname, Projekt, Thema, Name der Opportunity
        Nom de l'opportunité, Nom opportunité, Opportunité, Nom de la transaction, Nom de l'affaire, Affaire, Titre, Nom
        Nombre de la oportunidad, Oportunidad, Nombre del negocio, Negocio, Nombre del trato, Trato, Título, Nombre
        Nome da oportunidade, Oportunidade, Nome do negócio, Negócio, Nome
        Nome opportunità, Nome dell'opportunità, Opportunità, Trattativa, Nome trattativa, Titolo
        Verkoopkans, Naam verkoopkans, Naam van de verkoopkans, Opportunitynaam, Dealnaam, Naam
        Affärsmöjlighet, Affär, Namn, Salgsmulighed, Salgsmulighet, Navn, Myyntimahdollisuus
        Szansa sprzedaży, Nazwa szansy sprzedaży, Nazwa szansy, Nazwa
        案件名, 商談名, 取引名, 案件, 商談
        商机名称, 商机, 项目名称
    """,
    "account": """
        Kunde, Kundenname, Firma, Firmenname, Unternehmen, Organisation, Auftraggeber, Zugehöriges Unternehmen,
        Potenzieller Kunde, Name des Accounts
        Nom du compte, Compte, Client, Nom du client, Entreprise, Société, Entreprise associée
        Nombre de la cuenta, Cuenta, Cliente, Empresa, Organización, Compañía, Empresa asociada
        Nome da conta, Conta, Organização, Empresa associada
        Nome account, Azienda, Nome azienda, Società, Organizzazione
        Klant, Klantnaam, Bedrijf, Bedrijfsnaam, Relatie, Organisatie, Accountnaam
        Kund, Kundnamn, Företag, Kundenavn, Virksomhed, Bedrift, Asiakas, Yritys
        Klient, Nazwa klienta, Nazwa konta
        取引先名, 取引先, 顧客名, 顧客, 会社名, 企業名
        客户名称, 客户, 公司名称
    """,
    "stage": """
        Phase, Verkaufsphase, Vertriebsphase, Vertriebsstufe, Opportunity-Phase, Deal-Phase, Pipeline-Phase
        Étape, Étape de vente, Étape de l'opportunité, Phase de la transaction, Étape commerciale
        Etapa, Etapa de ventas, Etapa de la oportunidad, Etapa del negocio, Fase del negocio, Fase
        Etapa do negócio, Fase do negócio, Estágio, Estágio da oportunidade, Estágio de vendas
        Stadio, Fase di vendita, Fase trattativa, Fase opportunità
        Verkoopfase, Dealfase
        Säljfas, Fas, Salgsfase, Salgstrin, Vaihe, Myyntivaihe
        Etap, Etap sprzedaży
        フェーズ, 商談フェーズ, 案件フェーズ, 営業フェーズ, ステージ, 取引ステージ
        阶段, 销售阶段, 商机阶段
    """,
    "status": """
        Ergebnis
        Statut
        Situação
        Stato
        ステータス
        状态
    """,
    "is_closed": "Geschlossen, Fermé, Fermée, Cerrada, Fechado, Chiusa, Gesloten",
    "is_won": "Gewonnen, Gagné, Gagnée, Ganada, Ganho, Vinta",
    "owner": """
        Inhaber, Opportunity-Inhaber, Deal-Inhaber, Besitzer, Zuständig, Verantwortlich, Verantwortlicher, Verkäufer,
        Vertriebsmitarbeiter, Betreuer, Kundenbetreuer, Zuständiger Mitarbeiter, Inhaber der Opportunity
        Propriétaire, Propriétaire de l'opportunité, Propriétaire de la transaction, Commercial, Responsable, Vendeur
        Propietario, Propietario de la oportunidad, Propietario del negocio, Vendedor, Comercial, Ejecutivo de cuenta
        Proprietário, Proprietário da oportunidade, Proprietário do negócio, Responsável
        Titolare, Titolare opportunità, Proprietario, Venditore, Responsabile, Commerciale
        Eigenaar, Eigenaar verkoopkans, Eigenaar van verkoopkans, Opportunityeigenaar, Dealeigenaar, Verkoper
        Ägare, Ansvarig, Säljare, Ejer, Eier, Sælger, Selger, Salgsansvarlig, Omistaja, Myyjä
        Właściciel, Właściciel szansy, Handlowiec, Opiekun
        所有者, 商談所有者, 案件所有者, 担当者, 営業担当, 営業担当者, 取引担当者
        所有人, 商机所有人, 负责人, 销售负责人
    """,
    "team": "Vertriebsteam, Équipe, Equipo, Equipe, Squadra, チーム, 部署, 团队",
    "amount": """
        Betrag, Wert, Auftragswert, Auftragsvolumen, Volumen, Dealwert, Auftragssumme, Summe, Umsatz
        Montant, Valeur, Montant HT
        Importe, Monto, Valor, Ingresos, Importe de la oportunidad
        Montante, Quantia, Valor do negócio
        Importo, Ammontare, Valore
        Bedrag, Waarde, Dealwaarde
        Belopp, Värde, Affärsvärde, Beløb, Beløp, Verdi, Værdi, Summa
        Kwota, Wartość
        金額, 商談金額, 案件金額, 取引金額, 見込金額, 受注金額
        金额, 商机金额, 预计金额
    """,
    "currency": """
        Währung, Währung von Wert, Devise, Devise du montant, Moneda, Divisa, Moeda, Valuta, Waluta, 通貨, 币种, 货币
    """,
    "expected_on": """
        Voraussichtliches Abschlussdatum, Voraussichtlicher Abschluss, Voraussichtl. Abschluss,
        Voraussichtl. Abschlussdatum, Erwartetes Abschlussdatum, Erwarteter Abschluss, Geplanter Abschluss,
        Geplantes Abschlussdatum, Geschätztes Abschlussdatum, Gesch. Abschlussdatum
        Date de clôture prévue, Clôture prévue, Date de fermeture prévue, Date de clôture estimée
        Fecha de cierre prevista, Fecha prevista de cierre, Fecha de cierre esperada, Cierre previsto,
        Fecha estimada de cierre
        Data de fechamento prevista, Data prevista de fechamento, Data de fechamento esperada, Previsão de fechamento
        Data di chiusura prevista, Chiusura prevista
        Verwachte sluitingsdatum, Verwachte afsluitdatum
        Förväntat slutdatum, Förväntat avslut, Forventet lukkedato
        Przewidywana data zamknięcia, Planowana data zamknięcia
        受注予定日
        预计关闭日期, 预计结束日期
    """,
    "closed_at": """
        Abgeschlossen am, Geschlossen am, Tatsächliches Abschlussdatum
        Date de clôture réelle, Clôturé le, Clôturée le
        Fecha de cierre real, Fecha real de cierre, Cerrado el, Cerrada el
        Data de fechamento real, Fechado em
        Data di chiusura effettiva, Chiuso il, Chiusa il
        Werkelijke sluitingsdatum, Gesloten op
        実際のクローズ日
    """,
    "won_at": """
        Gewonnen am, Zeitpunkt gewonnen, Gagné le, Gagnée le, Date de gain, Ganado el, Fecha de ganado, Ganho em,
        Data de ganho, Vinto il, Vinta il, Gewonnen op, 受注日, 赢单日期
    """,
    "lost_at": """
        Verloren am, Zeitpunkt verloren, Perdu le, Perdue le, Date de perte, Perdido el, Fecha de pérdida, Perdido em,
        Data de perda, Perso il, Persa il, Verloren op, 失注日, 输单日期
    """,
    "close_on": """
        Abschlussdatum, Abschlusstermin, Schlussdatum, Schlusstermin, Schließdatum, Abschluss
        Date de clôture, Clôture, Date de fermeture, Date de signature
        Fecha de cierre, Fecha cierre, Cierre
        Data de fechamento, Fechamento, Data de encerramento, Data de fecho
        Data di chiusura, Data chiusura, Chiusura
        Sluitingsdatum, Sluitdatum, Afsluitdatum, Datum gesloten
        Slutdatum, Stängningsdatum, Avslutsdatum, Lukkedato, Lukkedatum, Sulkemispäivä
        Data zamknięcia
        完了予定日, クローズ日, クローズ予定日
        结束日期, 关闭日期, 预计成交日期, 成交日期
    """,
    "created_at": """
        Erstellt am, Erstellt, Erstelldatum, Erstellungsdatum, Angelegt am, Anlagedatum, Deal erstellt am
        Date de création, Créé le, Créée le, Affaire créée le
        Fecha de creación, Fecha creación, Creado el, Creada el
        Data de criação, Criado em, Criada em
        Data creazione, Data di creazione, Creato il
        Aangemaakt op, Aanmaakdatum, Datum aangemaakt, Gemaakt op
        Skapad, Skapad den, Skapat datum, Oprettet, Oprettelsesdato, Opprettet, Luotu, Luontipäivä
        Data utworzenia
        作成日, 作成日時, 登録日
        创建日期, 创建时间
    """,
    "modified_at": """
        Letzte Änderung, Zuletzt geändert am, Zuletzt geändert, Geändert am, Änderungsdatum, Aktualisierungszeit
        Date de dernière modification, Dernière modification, Modifié le
        Fecha de última modificación, Última modificación, Modificado el
        Data da última modificação, Última modificação, Modificado em
        Data ultima modifica, Ultima modifica
        Laatst gewijzigd, Laatst gewijzigd op, Gewijzigd op
        Senast ändrad, Sist endret, Sidst ændret
        最終更新日, 最終更新日時, 更新日
        修改时间, 上次修改日期
    """,
    "forecast_category": """
        Prognosekategorie, Catégorie de prévision, Categoría de previsión, Categoria de previsão, Categoria di previsione
    """,
    "source": """
        Leadquelle, Lead-Quelle, Quelle, Herkunft
        Origine de la piste, Origine du prospect, Origine, Source de la piste
        Origen del candidato, Origen del prospecto, Origen del lead, Origen, Fuente
        Origem do lead, Origem
        Fonte lead, Fonte del lead, Fonte
        Bron, Leadbron, Herkomst
        Källa, Leadkälla, Kilde, Leadkilde, Lähde
        リードソース, 流入元
        线索来源, 来源
    """,
    "segment": "Branche, Secteur, Sector, Setor, Settore, Bransch, 業種, 行业",
    "product": "Produkt, Produit, Producto, Produto, Prodotto, 製品, 商品, 产品",
    "next_step": """
        Nächster Schritt, Étape suivante, Prochaine étape, Siguiente paso, Paso siguiente, Próximo paso, Próxima etapa,
        Próximo passo, Fase successiva, Prossimo passo, Volgende stap, Nästa steg, Næste trin, Neste steg, 次のステップ,
        下一步
    """,
    "next_step_on": """
        Datum des nächsten Schritts, Datum der nächsten Aktivität, Date de la prochaine étape,
        Date de la prochaine activité, Fecha del siguiente paso, Fecha de la próxima actividad, Data da próxima atividade
    """,
    "lost_reason": """
        Verlustgrund, Grund für Verlust, Motif de perte, Raison de la perte, Motivo de pérdida, Motivo de la pérdida,
        Razón de pérdida, Motivo da perda, Motivo de perda, Motivo della perdita, Motivo perdita, Verliesreden,
        Reden van verlies, Förlustorsak, Tabsårsag, 失注理由, 丢单原因, 输单原因
    """,
}


def _keys(text: str) -> tuple[str, ...]:
    names = (name.strip() for line in text.splitlines() for name in line.split(","))
    return tuple(dict.fromkeys(header_key(name) for name in names if name))


ABROAD: Mapping[str, tuple[str, ...]] = {field: _keys(text) for field, text in _ABROAD.items()}
"""The keys of each field's names in other languages."""
