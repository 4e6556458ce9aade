"""bash, dash and busybox: pipelines, here-documents, traps, job control."""

from harness.programs import script

_PORTABLE = {
    "echo and exit code": "echo out; echo err >&2; exit 3",
    "pipeline": "printf 'c\\na\\nb\\n' | sort | tr a-z A-Z | tail -n 2",
    "long pipeline": "seq 1 10000 | cat | cat | cat | cat | cat | awk '{ s += $1 } END { print s }'",
    "status of a pipeline": "true | false; echo $?; false | true; echo $?; ! true; echo $?",
    "here-document": "name=world; cat <<END; cat <<'END'\nhello $name\nEND\nhello $name\nEND",
    "large here-document": "x=$(seq 1 20000); wc -c <<END\n$x\nEND",
    "command substitution": 'a=$(echo one; echo two); echo "$a"; echo `echo three`; echo $(exit 7); echo $?',
    "redirections": "echo a >f; echo b >>f; cat <f; ls /nowhere 2>e; test -s e; echo $?; exec 3>g; echo c >&3; cat g",
    "read loop": 'seq 1 5 | while read -r line; do echo "<$line>"; done',
    "read stdin": 'read -r first; echo "first $first"; cat',
    "background and wait": "(exit 4) & wait $!; echo $?; { exit 5; } & a=$!; { exit 6; } & b=$!; wait $b; echo $?; wait $a; echo $?",
    "wait for all": "for i in 1 2 3 4 5 6 7 8; do (exit $i) & done; wait; echo $?",
    "trap exit": "trap 'echo bye $?' EXIT; echo hi; exit 9",
    "trap and kill": "trap 'echo got it' USR1; kill -USR1 $$; echo after",
    "trap in a wait": "trap 'echo woken' USR1; (sleep 0.5; kill -USR1 $$; exec sleep 0.1) & wait $!; echo $?; wait; echo done",
    "killed child": "exec 2>/dev/null; sh -c 'kill -TERM $$'; echo $?; sh -c 'kill -KILL $$'; echo $?",
    "ignored signal is inherited": "trap '' TERM; sh -c 'kill -TERM $$; echo alive'",
    "broken pipe": "(yes; echo $? >status) | head -n 1; while ! test -s status; do :; done; cat status",
    "subshells": "x=1; (x=2; echo $x); echo $x; (exit 3) || echo $?",
    "functions": 'f() { echo "$# $1"; return 6; }; f a b; echo $?',
    "arithmetic": "i=0; while [ $i -lt 100 ]; do i=$((i + 1)); done; echo $i",
    "globbing": "mkdir d; touch d/b d/a d/.h; echo d/*; echo d/.h*; echo none*",
    "umask": "umask 027; touch f; mkdir d; stat -c '%a %n' f d; umask",
    "cd and pwd": "mkdir -p a/b; ln -s a/b l; cd l; pwd | sed 's/.*\\///'; pwd -P | sed 's/.*\\///'; cd ..; ls",
    "exec replaces": "exec echo replaced; echo never",
    "not found": "no-such-program; echo $?; ./nothing; echo $?; touch f; ./f; echo $?",
    "script with an interpreter line": "printf '#!/bin/sh -e\\necho \"$0 $1\"\\nfalse\\necho never\\n' >s; chmod +x s; ./s arg; echo $?",
    "script of a script": "printf '#!/bin/sh\\necho one \"$@\"\\n' >a; chmod +x a; printf '#!./a x\\n' >b; chmod +x b; ./b y",
    "ulimit": "ulimit -n 64; ulimit -n; ulimit -c 0; ulimit -c",
    "test operators": "touch f; mkdir d; ln -s f l; mkfifo p; for t in -e -f -d -L -p -s -r -x; do test $t f; echo -n $?; test $t d; echo -n $?; test $t l; echo -n $?; test $t p; echo $?; done",
    "fifo": "mkfifo p; echo through >p & cat p; wait",
    "many processes": "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i + 1)); done; echo $i",
    "deep nesting": 'sh -c "sh -c \'sh -c \\"echo deep; exit 8\\"\'"; echo $?',
    "environment": "A=1 sh -c 'echo $A'; export B=2; sh -c 'echo $B'; unset B; echo \"[$B]\"; env -i C=3 /usr/bin/env",
    "parent dies first": "mkfifo p q; (sh -c 'read -r x <p; echo orphan $x >q' & echo started); echo told >p; read -r y <q; echo $y",
}

_BASH = {
    "process group": "exec 2>/dev/null; set -m; sleep 100 & kill -TERM -$!; wait $!; echo $?",
    "process substitution": "diff <(seq 1 3) <(seq 2 4); echo $?; tee >(wc -l >count) >/dev/null < <(seq 5); wait; until test -s count; do :; done; cat count",
    "pipestatus": 'true | false | (exit 3); echo "${PIPESTATUS[@]}"; set -o pipefail; false | true; echo $?',
    "job control": "set -m; sleep 100 & jobs | sed 's/ *&//'; kill %1; wait %1 2>/dev/null; echo $?",
    "stop and continue": "exec 2>/dev/null; set -m; sleep 100 & kill -STOP %1; until jobs -l | grep -o Stopped; do :; done; kill -CONT %1; kill %1; wait %1 2>/dev/null; echo $?",
    "wait -n": "(exit 3) & wait -n; echo $?; wait -n; echo $?",
    "coprocess": "coproc cat; echo hello >&${COPROC[1]}; read -r line <&${COPROC[0]}; echo $line",
    "here-string": "read -r a b <<<'one two'; echo $b $a",
    "lastpipe": "shopt -s lastpipe; seq 3 | mapfile -t lines; echo ${#lines[@]}",
    "arrays and regex": "a=(x y z); [[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]} ${a[@]:1}",
    "tcp on loopback refused": "exec 2>/dev/null; (: </dev/tcp/127.0.0.1/9) || echo refused",
    "read with a timeout": "read -r -t 0.05 x < <(sleep 0.3); echo $(($? > 128))",
    "sigchld trap": "exec 2>/dev/null; set -m; n=0; trap 'n=$((n + 1))' CHLD; (exit 1) & wait; /bin/true; echo $((n > 0))",
    "interactive history and prompt": "PS1='> ' bash --norc --noprofile -i 2>&1 <<<'echo typed' | grep -c typed",
    "traps while waiting": "trap 'echo term; exit 12' TERM; (kill -TERM $$) & while :; do wait; done",
    "return trap and debug": "f() { trap 'echo leaving' RETURN; echo in; }; f",
    "big variable through the environment": "export X=$(head -c 100000 /dev/zero | tr '\\0' x); bash -c 'echo ${#X}'",
    "too long an argument list": "x=$(head -c 200000 /dev/zero | tr '\\0' x); /bin/echo \"$x\" 2>/dev/null; echo $?",
}

_bash, _dash = script("bash", "-c"), script("dash", "-c")
_busybox = script("busybox", "sh", "-c")

_APPLETS = (
    "busybox seq 1 100 | busybox sort -rn | busybox head -n 3",
    "busybox ls -l /bin/busybox >/dev/null && busybox echo listed",
    "busybox mkdir -p a/b && busybox touch a/b/c && busybox find a | busybox sort",
    "busybox echo hello | busybox md5sum",
    "busybox tar cf - /etc/passwd 2>/dev/null | busybox tar tf -",
    "busybox awk 'BEGIN { print 2 ^ 10 }'; busybox expr 6 '*' 7",
    "busybox ps >/dev/null && busybox id -u >/dev/null && busybox uname",
)

PROGRAMS = [
    *(_bash(name, text, "alpha\nbeta\n") for name, text in (_PORTABLE | _BASH).items()),
    *(_dash(name, text, "alpha\nbeta\n") for name, text in _PORTABLE.items()),
    *(_busybox(name, text, "alpha\nbeta\n") for name, text in _PORTABLE.items()),
    *(_busybox(f"applets {number}", text) for number, text in enumerate(_APPLETS)),
]
