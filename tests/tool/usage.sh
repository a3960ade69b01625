# The command line: help, version, wrong usage, and the manual page that knows all of it.
source "$(dirname "$0")/lib.bash"

quiet() { "$@" >/dev/null 2>&1; }
version=$(sed -n 's/^#define AIO_VERSION_[A-Z]* \([0-9]*\)$/\1/p' "$SOURCE/include/aio/version.hpp" | paste -sd.)
promise "--version" prints "aio $version" "$aio" --version
promise "--help" grep -q scan <("$aio" --help)
for command in scan cat cp mv rm du sync routes; do
    promise "aio --help knows $command" grep -q "^  $command " <("$aio" --help)
    promise "$command --help" status 0 quiet "$aio" $command --help
    promise "$command: an unknown option is wrong usage" status 2 quiet "$aio" $command --unknown
    promise "$command is in the manual" grep -q "^.SS aio $command" "$SOURCE/docs/man/aio.1"
    while read -r option; do
        promise "$command $option is in the manual" grep -qF -- "${option//-/\\-}" "$SOURCE/docs/man/aio.1"
    done < <("$aio" $command --help | grep -o -- '--[a-z0-9-]*' | sort -u)
done
promise "help fits into 60 columns" prints '' eval '
    for command in "" scan cat cp mv rm du sync routes; do "$aio" $command --help; done | grep -E "^.{61}"'
promise "a flag takes no value" eval 'touch kept; ! "$aio" rm --force=false kept 2>/dev/null && [[ -e kept ]]'
promise "no command is wrong usage" status 2 quiet "$aio"
promise "an unknown command is wrong usage" status 2 quiet "$aio" nothing
promise "and is named" complains nothing "$aio" nothing
promise "routes takes no operands" status 2 quiet "$aio" routes x
promise "AIO_ROUTES is obeyed" grep -qE '^read +threads ' <(AIO_ROUTES=threads "$aio" routes)
promise "AIO_ROUTES=auto is the default" diff <(AIO_ROUTES=auto "$aio" routes) <(env -u AIO_ROUTES "$aio" routes)
promise "AIO_ROUTES that is nonsense is wrong usage" status 2 quiet env AIO_ROUTES=quick "$aio" routes
promise "and the choices are named" complains 'AIO_ROUTES=quick: choose auto, threads, ring or inline' env AIO_ROUTES=quick "$aio" routes
promise "routes names operations and their way" grep -qE '^mkdir +threads +[a-z]' <("$aio" routes)
promise "routes are in order and each there once" diff <("$aio" routes | cut -d' ' -f1) \
    <("$aio" routes | cut -d' ' -f1 | LC_ALL=C sort -u)
promise "options after operands" status 0 quiet "$aio" scan . -q
finish
