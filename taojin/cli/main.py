"""The command `taojin`: all that it can be asked for."""

import typer

from taojin.cli import answers, bundles, data, exports, refreshing, training, tune
from taojin.cli.common import options

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(options)
for command in (
    training.new,
    training.fields,
    training.train,
    training.evaluate,
    training.report,
    answers.recommend,
    answers.similar,
    answers.serve,
    refreshing.refresh,
):
    app.command()(command)

datas = typer.Typer(help=data.__doc__, no_args_is_help=True)
datas.command()(data.check)
app.add_typer(datas, name="data")

tunes = typer.Typer(help=tune.__doc__, no_args_is_help=True)
tunes.command()(tune.quotas)
tunes.command()(tune.model)
app.add_typer(tunes, name="tune")

bundle = typer.Typer(help=bundles.__doc__, no_args_is_help=True)
bundle.command("list")(bundles.listed)
bundle.command()(bundles.use)
bundle.command()(bundles.rollback)
app.add_typer(bundle, name="bundle")

export = typer.Typer(help=exports.__doc__, no_args_is_help=True)
export.command()(exports.vectors)
export.command()(exports.events)
app.add_typer(export, name="export")

if __name__ == "__main__":
    app()
