"""The routes of readings, frozen readings and what is shared of them."""

from __future__ import annotations

from django.urls import URLPattern, path

from stageproof.web import frozen, readings, shared

urlpatterns: list[URLPattern] = [
    path("readings", readings.readings, name="readings"),
    path("readings/freeze", frozen.reading_freeze, name="reading_freeze"),
    path("readings/links/<int:link>/revoke", frozen.share_revoke, name="share_revoke"),
    path("readings/frozen/<int:number>/check", frozen.frozen_check, name="frozen_check"),
    path("readings/frozen/<int:number>/compare", frozen.frozen_compare, name="frozen_compare"),
    path("readings/frozen/<int:number>/share", frozen.frozen_share, name="frozen_share"),
    path("readings/frozen/<int:number>/<str:reader>", frozen.frozen, name="frozen_reading"),
    path("readings/frozen/<int:number>/<str:reader>/deals", frozen.frozen_deals, name="frozen_deals"),
    path("readings/frozen/<int:number>/<str:reader>/pdf", frozen.frozen_pdf, name="frozen_pdf"),
    path("readings/<str:reader>", readings.reading, name="reading"),
    path("readings/<str:reader>/deals", readings.reading_deals, name="reading_deals"),
    path("readings/<str:reader>/drawing/<str:drawing>", readings.reading_drawing, name="reading_drawing"),
    path("readings/<str:reader>/pdf", readings.reading_pdf, name="reading_pdf"),
    path("shared/<str:token>", shared.shared, name="shared"),
    path("shared/<str:token>/pdf", shared.shared_pdf, name="shared_pdf"),
]
