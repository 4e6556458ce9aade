"""Who signs the tokens of service accounts, told to whoever wants to verify them without asking the server.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
"""

import orjson

from podvisor.apiserver.server import Server
from podvisor.apiserver.tokens import Issuer
from podvisor.base.http import Answer, content
from podvisor.types import status

CONFIGURATION_PATH, KEYS_PATH = "/.well-known/openid-configuration", "/openid/v1/jwks"
_AGE = 3600
"""Seconds for which the answers may be cached."""


def configuration(server: Server) -> Answer:
    """The OpenID Connect discovery document, as far as verification needs it. Raises NotFound without a signing key."""
    issuer = _issuer(server)
    document = {
        "issuer": issuer.issuer,
        "jwks_uri": f"https://{server.settings.external_address}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted({key["alg"] for key in issuer.published_keys()}),
    }
    return _cached(document, "application/json")


def keys(server: Server) -> Answer:
    """The JSON Web Key Set (RFC 7517). Raises NotFound without a signing key."""
    return _cached({"keys": _issuer(server).published_keys()}, "application/jwk-set+json")


def _issuer(server: Server) -> Issuer:
    if server.issuer is None:
        raise status.NotFound()
    return server.issuer


def _cached(document: object, media_type: str) -> Answer:
    answer = content(orjson.dumps(document), media_type)
    answer.headers["Cache-Control"] = f"public, max-age={_AGE}"
    return answer
