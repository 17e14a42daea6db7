"""The routes of a deployment that signs in with its company's identity provider."""

from stageproof.server.urls import urlpatterns as usual
from stageproof.web.sign_in_urls import elsewhere_urlpatterns

urlpatterns = [*elsewhere_urlpatterns, *usual]
