"""Django's cache against a Redis server: django_cache.py <redis url>. Ends with status 0 when all is well.

What needs transactions or scripts is left out, with a line that says so, on a server that has none.
"""

import sys

from django.conf import settings

try:
    import django.core.cache.backends.redis  # noqa: F401  Django 4 and later

    BACKEND = "django.core.cache.backends.redis.RedisCache"
except ImportError:
    BACKEND = "django_redis.cache.RedisCache"

settings.configure(CACHES={"default": {"BACKEND": BACKEND, "LOCATION": sys.argv[1]}})

import redis  # noqa: E402
from django.core.cache import cache  # noqa: E402

known = {name.upper() for name in redis.Redis.from_url(sys.argv[1]).command()}


def has(*names):
    missing = [name for name in names if name not in known]
    if missing:
        print("left out, the server has no", ", ".join(missing))
    return not missing


def check(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


cache.clear()
check(cache.get("nothing"), None)
check(cache.get("nothing", "else"), "else")
cache.set("text", "v\u00e4lue", timeout=100)
check(cache.get("text"), "v\u00e4lue")
cache.set("object", {"list": [1, 2, 3]}, timeout=None)
check(cache.get("object"), {"list": [1, 2, 3]})
check(cache.add("text", "other"), False)
check(cache.add("new", 1), True)
check(cache.has_key("new"), True)
check("new" in cache, True)
check(cache.touch("new", 50), True)
check(cache.touch("nothing", 50), False)
check(cache.touch("new", None), True)
check(cache.get_many(["text", "new", "nothing"]), {"text": "v\u00e4lue", "new": 1})
check(cache.get_or_set("lazy", lambda: "made"), "made")
cache.set("soon", 1, timeout=0)
check(cache.get("soon"), None)
cache.set("versioned", 1, version=2)
check(cache.get("versioned"), None)
check(cache.get("versioned", version=2), 1)
check(cache.delete("new"), True)
check(cache.delete("new"), False)
if BACKEND.startswith("django.") or has("EVAL"):
    cache.set("count", 1)
    check(cache.incr("count"), 2)
    check(cache.incr("count", 10), 12)
    check(cache.decr("count"), 11)
if has("MULTI"):
    cache.set_many({"a": 1, "b": "two"}, timeout=60)
    check(cache.get_many(["a", "b"]), {"a": 1, "b": "two"})
    cache.delete_many(["a", "b"])
    check(cache.get_many(["a", "b"]), {})
cache.clear()
check(cache.get("text"), None)
print("all is well with", BACKEND)
