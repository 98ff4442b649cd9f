from fastapi import FastAPI, Request
from slowapi import Limiter
from slowapi.util import get_remote_address

limiter = Limiter(
    key_func=get_remote_address,
    default_limits=["200/day", "50 per hour"],
    application_limits=["1000/hour"],
    strategy="moving-window",
)
app = FastAPI()


@app.post("/mcp")
@limiter.limit("10/minute;100 per 2 hours")  # and not 5/minute
async def mcp(request: Request):
    return await handle(request)


@app.post("/login")
@limiter.limit("5/minute")
async def login(request: Request): ...


@app.get("/mcp")
@limiter.limit("3/minute", methods=["GET"])
async def stream(request: Request): ...


@limiter.shared_limit(RATE, scope="tools")
def shared(request): ...
