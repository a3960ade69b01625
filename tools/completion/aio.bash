# bash completion for aio. Install as /usr/share/bash-completion/completions/aio.

_aio() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'scan cat cp mv rm du sync routes bench --help --version' -- "$current")
        return
    fi
    case ${COMP_WORDS[1]} in
    scan)
        [[ $previous == -g || $previous == --grep ]] && return
        options='-q --quiet -0 --print0 -s --stat -d --dirs -f --files -g --grep -x --one-file-system --json -p --progress --sync --summary --help'
        ;;
    cp) options='-r -R --recursive -a --archive -p -P --no-dereference -L --dereference -H -n --no-clobber -i --interactive -u --update -f --force -v --verbose -x --one-file-system --reflink -t --target-directory -T --no-target-directory --progress --help' ;;
    mv) options='-n --no-clobber -i --interactive -u --update -f --force -v --verbose -t --target-directory -T --no-target-directory --progress --help' ;;
    rm) options='-r -R --recursive -f --force -i -I -d --dir -v --verbose --progress --help' ;;
    du)
        [[ $previous == -d || $previous == --max-depth ]] && return
        options='-s --summarize -c --total -h --human-readable -k -x --one-file-system -d --max-depth --progress --help'
        ;;
    bench)
        [[ $previous == --seconds ]] && return
        options='--seconds --help'
        ;;
    *) options=--help ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ ${COMP_WORDS[1]} != routes ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}

complete -F _aio aio
