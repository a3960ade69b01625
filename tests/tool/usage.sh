# The command line: help, version, wrong usage, and the manual page that knows all of it.
source "$(dirname "$0")/lib.bash"

quiet() { "$@" >/dev/null 2>&1; }
version=$(sed -n 's/^#define AIO_VERSION_[A-Z]* \([0-9]*\)$/\1/p' "$SOURCE/include/aio/version.hpp" | paste -sd.)
promise "--version" prints "aio $version" "$aio" --version
promise "--help" grep -q scan <("$aio" --help)
for command in scan cat cp mv rm du sync routes bench; do
    promise "aio --help knows $command" grep -q "^  $command " <("$aio" --help)
    promise "$command --help" status 0 quiet "$aio" $command --help
    promise "$command: an unknown option is wrong usage" status 2 quiet "$aio" $command --unknown
    promise "$command is in the manual" grep -q "^.SS aio $command" "$SOURCE/docs/man/aio.1"
    while read -r option; do
        promise "$command $option is in the manual" grep -qF -- "${option//-/\\-}" "$SOURCE/docs/man/aio.1"
    done < <("$aio" $command --help | grep -o -- '--[a-z0-9-]*' | sort -u)
done
promise "help fits into 60 columns" prints '' eval '
    for command in "" scan cat cp mv rm du sync routes bench; do "$aio" $command --help; done | grep -E "^.{61}"'
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
table() { [[ $(wc -l <said) == 6 ]] && grep -qE '^stat +64 +[0-9]+ k +[0-9]+ k +[0-9]+% ' said && grep -qE '^nop +64 +[0-9]+ k +- +- +100%' said; }
promise "bench measures" eval 'TMPDIR=$PWD "$aio" bench --seconds 0.01 >said && table'
promise "and leaves no file" prints '' find . -name 'aio-bench*'
promise "bench of a file" eval 'echo text >small; "$aio" bench --seconds 0.01 small >said && table'
promise "by threads, if they are wanted" grep -qE '^read 4 KiB +1 .* 0% +0% +100% ' <(AIO_ROUTES=threads "$aio" bench --seconds 0.01)
promise "bench of a directory is an error" complains '^aio bench: open \.: Invalid argument$' "$aio" bench .
promise "bench of nothing too" complains '^aio bench: open none: No such file' "$aio" bench none
promise "bench for no time is wrong usage" status 2 quiet "$aio" bench --seconds 0
promise "bench of two files is wrong usage" status 2 quiet "$aio" bench a b
mkdir o1 o2
promise "an empty value is one" complains "target '': No such file" "$aio" mv --target-directory= o1 o2
promise "and takes no operand" eval '[[ -d o1 && -d o2 ]]'
promise "where a number is wanted it is none" status 2 quiet "$aio" du --max-depth= o1
promise "values that CLI11 takes for lists" eval 'mkdir "[a,b]"; touch f1; "$aio" cp --target-directory="[a,b]" f1 && [[ -e "[a,b]/f1" ]]'
promise "options after operands" status 0 quiet "$aio" scan . -q
finish
