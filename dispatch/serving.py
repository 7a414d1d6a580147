"""The web part (网页服务): one uvicorn with as many processes as asked for, until a signal ends it."""

from collections.abc import MutableMapping

import uvicorn

from dispatch.parts import require_free, shared_counts
from rules.errors import DeskError


def serve(host: str, port: int, workers: int, environ: MutableMapping[str, str]) -> None:
    """Serve `api:app`, which reads its settings from `environ`, the environment of this process.

    Raises PortTaken, and DeskError where the server could not start.
    """
    require_free(host, port)
    try:
        with shared_counts() as counts:
            if workers > 1:
                environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(counts))
            uvicorn.run("api:app", factory=True, host=host, port=port, workers=workers, access_log=False,
                        log_level="warning", timeout_graceful_shutdown=1)  # fmt: skip
    except SystemExit as gone:
        if gone.code:
            raise DeskError("服务没有启动成功，原因见上面的日志。") from gone
