from slowapi import Limiter

limiter = Limiter(user_of, default_limits=["2 per second"], strategy="fixed-window-elastic-expiry")


@limiter.limit("30/10seconds", key_func=lambda: "all", override_defaults=False)
def tools(request): ...


@limiter.limit("often")
def more(request): ...
