# Completion of visorctl for bash. visorctl itself says what fits, so names are those of the running programs.
# shellcheck shell=bash

_visorctl() {
    # bash splits words at colons, but workers:w_00 is one word: take the line instead.
    local line=${COMP_LINE:0:COMP_POINT} words
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")

    local program=${1/#\~/$HOME}
    type -P "$program" >/dev/null || program=visorctl
    mapfile -t COMPREPLY < <(COMPLETE=bash "$program" -- "${words[@]}" 2>/dev/null)

    # What stands before the last word break is on the line already.
    local word=${words[${#words[@]} - 1]} breaks=${COMP_WORDBREAKS//[^:=]/}
    if [[ -n $breaks && $word == *["$breaks"]* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*["$breaks"]}"}"}")
    fi
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:=] ]] && compopt -o nospace
    return 0
}

complete -F _visorctl visorctl
