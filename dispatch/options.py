"""What the commands of the terminal take (命令选项): one name, one meaning and one Chinese word in every command."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="只在标准输出上写一份 JSON")]
DatabaseUrl = Annotated[str | None, typer.Option("--database", help="数据库，同 HOTLINE_DATABASE_URL")]
RedisUrl = Annotated[str | None, typer.Option("--redis", help="Redis，同 HOTLINE_REDIS_URL")]
Dir = Annotated[Path | None, typer.Option("--dir", help="数据目录，缺省 ./hotline-data")]
PackWord = Annotated[str, typer.Argument(metavar="DIR", help="规则包：文件夹，或随系统提供的名字")]
Csv = Annotated[Path, typer.Argument(metavar="FILE.csv[.gz]")]
Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE")]
TextColumns = Annotated[str, typer.Option("--text", help="文本列，多列用逗号分开")]
LabelColumn = Annotated[str, typer.Option("--label", help="标签列（承办单位）")]
RoleWord = Annotated[str, typer.Option("--role", help="角色，例如 dispatcher 或 派单员")]
DepartmentWord = Annotated[str | None, typer.Option("--department", help="承办单位的代码或名称")]
Column = Annotated[str | None, typer.Option()]
