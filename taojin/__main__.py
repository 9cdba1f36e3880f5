"""The command `taojin`, also as `python -m taojin`."""

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command; it loads here, so that an interruption while it does ends as quietly as a later one."""
    try:
        from taojin.cli.common import told  # noqa: PLC0415
        from taojin.cli.main import app  # noqa: PLC0415

        with told():
            app(prog_name="taojin")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
    # An interruption within text that is executed, as dataclasses do when they load, lets Python end by the signal.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
