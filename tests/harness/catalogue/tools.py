"""coreutils, findutils, grep, sed, awk, tar, gzip, diff."""

from harness.programs import script

_sh = script("sh", "-c")

_SCRIPTS = {
    "files come and go": "echo a >a; cp a b; mv b c; ln c d; ln -s d e; rm a; ls -1; cat e; stat -c '%h %s %F' c d e",
    "modes": "touch f; for m in 0 400 644 755 1777 4755; do chmod $m f; stat -c %a f; done; mkdir d; chmod g+s d; stat -c %A d",
    "directories": "mkdir -p a/b/c; rmdir a/b/c; rmdir a 2>&1; rm -r a; ls; mkdir x; mkdir x 2>&1",
    "times": "touch -d '2001-02-03 04:05:06 UTC' f; stat -c '%Y' f; touch -r f g; stat -c %Y g; date -u -r f +%F; test f -ot . && echo older",
    "copy a tree": "mkdir -p t/u; echo x >t/u/f; ln -s u/f t/l; cp -a t v; find v | sort; readlink v/l; diff -r t v && echo same",
    "sparse files": "truncate -s 10M f; stat -c '%s %b' f; echo end >>f; tail -c 4 f; cp --sparse=always f g; cmp f g && echo equal",
    "dd": "dd if=/dev/zero of=f bs=4096 count=16 2>/dev/null; stat -c %s f; printf xyz | dd of=f bs=1 seek=4096 conv=notrunc 2>/dev/null; od -An -c -j 4096 -N 4 f",
    "devices": "head -c 8 /dev/zero | od -An -tx1; echo gone >/dev/null; echo x >/dev/full; echo $?; head -c 32 /dev/urandom | wc -c; ls -1 /dev/stdin /dev/fd/0",
    "find": "mkdir -p a/b; touch a/1 a/b/2.txt a/b/3.TXT; find a -type f | sort; find a -iname '*.txt' -size 0 -o -name 1 | sort; find a -type f -exec echo {} + | wc -w; find a -delete; ls",
    "xargs": "seq 1 1000 | xargs -n 100 echo | wc -l; seq 1 20 | xargs -P 4 -n 1 sh -c 'exit 0'; echo $?; printf 'a b\\0c' | xargs -0 -n 1; echo x | xargs false; echo $?",
    "grep": "seq 1 1000 | grep -c 7; printf 'foo\\nbar\\n' | grep -n ba; echo abc | grep -oP '(?<=a)b'; grep nothing /dev/null; echo $?; grep x /nowhere; echo $?; mkdir d; echo needle >d/f; grep -r needle d",
    "sed": "printf 'one\\ntwo\\n' >f; sed -i 's/o/0/g' f; cat f; sed -n '2p' f; seq 1 10 | sed '2,8d' | sed '$!N;s/\\n/,/'",
    "awk": "seq 1 100 | awk '$1 % 2 { n++ } END { print n }'; echo 'a:b:c' | awk -F: '{ print $NF }'; awk 'BEGIN { while ((\"echo sub\" | getline l) > 0) print l; system(\"echo sys\"); print \"x\" | \"cat\" }'",
    "sort": "seq 1 50000 | sort -R | sort -n | md5sum; printf 'b 2\\na 10\\nc 1\\n' | sort -k2n; seq 1 1000 | sort -n --parallel=2 -S 64K -T . | tail -n 1",
    "text tools": "printf 'a\\tb\\n1\\t2\\n' | cut -f 2; seq 3 | paste -sd+; seq 10 | split -l 3 - part; ls part*; seq 3 | tac; echo abc | rev; printf 'a\\na\\nb\\n' | uniq -c; seq 4 | shuf | wc -l; fold -w 3 <<E\nabcdef\nE",
    "checksums": "seq 1 1000 >f; md5sum f; sha256sum f; cksum f; sha1sum f | sha1sum -c",
    "tar": "mkdir -p t/u; seq 1 1000 >t/u/f; ln -s f t/u/l; ln t/u/f t/h; mkfifo t/p; tar cf a.tar t; tar tf a.tar | sort; mkdir o; tar xf a.tar -C o; diff -r --exclude=p t o/t && echo same; stat -c %h o/t/h; stat -c %F o/t/p",
    "tar and gzip": "seq 1 5000 >f; tar czf a.tgz f; rm f; tar xzf a.tgz; md5sum f; gzip -k f; gunzip -c f.gz | cmp - f && echo equal; gzip -t f.gz; echo $?; zcat f.gz | tail -n 1",
    "bzip2 and xz": "seq 1 5000 >f; xz -k f; xzcat f.xz | md5sum; bzip2 -k f; bzcat f.bz2 | md5sum",
    "diff and patch": "seq 5 >a; sed s/3/three/ a >b; diff -u a b | tail -n +3; cmp a b; comm -12 a a",
    "df, du": "mkdir d; head -c 100000 /dev/zero >d/f; du -b d/f | cut -f1; df . >/dev/null; echo $?",
    "hard errors": "cat /nowhere; cat .; cd /nowhere; mkdir /proc/x; rm /nowhere; ln -s a a; cat a; ls -1 /proc/self/fd/99; echo $?",
    "permission bits of others": "echo s >f; chmod 000 f; stat -c %A f; chmod u+r f; cat f",
    "rename over": "echo 1 >a; echo 2 >b; mv -f a b; cat b; mkdir d e; touch e/f; mv -T d e 2>&1 | sed 's/.*: //'; mv -n b e/; ls e",
    "links and loops": "ln -s l l; cat l; ln -s ../.. up; cd -P up/.. && pwd; readlink -f /usr/../usr/./bin/../bin/sh >/dev/null; echo $?; realpath -m /a/../b//c",
    "long names": "n=$(printf 'x%.0s' $(seq 1 255)); touch $n && ls | wc -c; touch ${n}y 2>&1 | sed 's/.*: //'",
    "tee and yes": "yes | head -n 100000 | tee f | wc -l; wc -l <f",
    "timeout and sleep": "timeout 0.1 sleep 100; echo $?; timeout -s KILL 0.1 sleep 100; echo $?; sleep 0.01; echo $?",
    "nice, env, nohup": "nice -n 1 true; echo $?; env -u HOME sh -c 'echo ${HOME-none}'; nohup echo x 2>/dev/null; env --chdir=/ pwd",
    "who am i": 'id -u >/dev/null; test "$(id -un)" && echo named; uname -s; uname -m; test -n "$(hostname)"; tty; nproc | grep -c .; arch',
    "proc of this process": "cat /proc/self/comm; tr '\\0' ' ' </proc/self/cmdline; echo; ls -d /proc/$$ | grep -c proc; readlink /proc/self/cwd | grep -c .; grep -c . /proc/self/maps | grep -c .; cut -d' ' -f2 /proc/self/stat; grep -E '^(Name|State)' /proc/self/status",
    "proc of the machine": 'for f in meminfo cpuinfo mounts stat uptime loadavg version filesystems sys/kernel/pid_max sys/kernel/ostype sys/fs/file-max; do test -n "$(cat /proc/$f)" && echo $f; done',
    "descriptors": "exec 7>f; ls /proc/self/fd | grep -c 7; echo x >/proc/self/fd/7; cat f; echo y >/dev/fd/7; cat f; readlink /proc/self/fd/7 | sed 's/.*\\///'",
    "flock": "exec 9>lock; flock 9; flock -n lock echo never; echo $?; flock -u 9; flock -n lock echo now",
    "mktemp": "f=$(mktemp); test -f $f && stat -c %a $f; d=$(mktemp -d); stat -c %a $d; rm -r $f $d",
    "install and ln": "echo x >f; install -D -m 640 f a/b/g; stat -c %a a/b/g; ln -sfn a l; ln -sfn a/b l; readlink l",
    "fallocate": "fallocate -l 1M f; stat -c %s f; fallocate -p -o 4096 -l 4096 f 2>/dev/null; fallocate -l 100 -o 1048576 f; stat -c %s f",
    "od and hexdump": "printf 'hello' | od -An -tx1; printf '\\001\\002' | od -An -td2; echo aGk= | base64 -d; echo; echo hi | base64",
    "stdbuf (preloaded library)": "(echo a; echo b) | stdbuf -oL cat; stdbuf -o0 printf 'c\\n'",
    "date": "date -u -d @86400 +%FT%T; TZ=America/New_York date -d @0 +%H:%M; test $(date +%s) -gt 1600000000 && echo now",
    "big output": "seq 1 200000 | md5sum; head -c 20000000 /dev/zero | wc -c",
    "unlinked file stays open": "echo kept >f; exec 3<f; rm f; cat <&3; ls",
    "append from two writers": "for i in 1 2 3 4; do (for j in $(seq 250); do echo line >>f; done) & done; wait; wc -l <f",
    "setsid and sessions": "setsid -w sh -c 'test $(cut -d\" \" -f6 /proc/$$/stat) = $$ && echo leader'; ps -o pid= -p $$ | grep -c .",
}

PROGRAMS = [_sh(name, text) for name, text in _SCRIPTS.items()]
