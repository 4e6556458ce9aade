"""gcc, git, perl, node, make: a compiler chain, a version control system and two other interpreters."""

from harness.programs import script

_sh, _perl, _node = script("sh", "-c"), script("perl", "-e"), script("node", "-e")

_C = """cat >p.c <<'END'
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void *work(void *p) { for (int i = 0; i < 100000; i++) __sync_fetch_and_add((int *)p, 1); return p; }
static void fault(int s) { (void)s; write(1, "fault\\n", 6); _exit(9); }
int main(int argc, char **argv) {
    int n = 0;
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, &n);
    for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
    printf("%d %d %s\\n", n, argc, argv[argc - 1]);
    char *m = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    m[5] = 'x';
    printf("%c\\n", m[5]);
    printf("%d\\n", munmap(m, 1 << 20));
    fflush(stdout);
    int status;
    if (!fork()) { signal(SIGSEGV, fault); *(volatile char *)8 = 1; }
    wait(&status);
    printf("%d\\n", WEXITSTATUS(status));
    fflush(stdout);
    if (!vfork()) { execlp("echo", "echo", "vforked", (char *)0); _exit(1); }
    wait(&status);
    if (close(99) < 0) printf("%s\\n", strerror(errno));
    return 42;
}
END
"""

_SCRIPTS = {
    "gcc: compile and run": _C + "gcc -O1 -pthread -o p p.c && ./p one; echo $?",
    "gcc: static": _C + "gcc -O1 -static -pthread -o p p.c && ./p one two; echo $?",
    "gcc: position dependent": "echo 'int puts(const char*); int main() { puts(\"fixed\"); return 0; }' >p.c; gcc -no-pie -o p p.c && ./p",
    "gcc: shared library": "echo 'int f() { return 7; }' >l.c; echo 'int f(); int main() { return f(); }' >p.c; gcc -shared -fPIC -o libl.so l.c && gcc -o p p.c -L. -ll && LD_LIBRARY_PATH=. ./p; echo $?",
    "gcc: errors": "echo 'int main( {' >p.c; gcc p.c -o p 2>&1 | grep -c error; test -e p; echo $?",
    "make": "printf 'all: a b\\n\\t@echo linked\\na b:\\n\\t@echo $@\\n' >Makefile; make -s; make -s -j4 all | sort; make nothing 2>&1 | grep -c 'No rule'",
    "git: init, commit, log": "git init -q -b main r; cd r; git config user.name n; git config user.email e@x; echo 1 >f; git add f; git commit -qm first; echo 2 >>f; git commit -qam second; git log --format=%s; git status --short; git diff HEAD~1 --stat | cat; git cat-file -p HEAD:f",
    "git: branch, merge, clone, gc": "git init -q -b main r; cd r; git config user.name n; git config user.email e@x; for i in 1 2 3; do echo $i >f$i; git add .; git commit -qm $i; done; git checkout -qb side HEAD~1; echo s >s; git add s; git commit -qm side; git checkout -q main; git merge -q --no-edit side; git log --format=%s | sort; git gc -q; cd ..; git clone -q r c 2>&1; ls c; git -C c rev-list --count HEAD; git -C c fsck 2>&1 | grep error; git -C c status --short",
}

_PERL = {
    "basics": 'my %h = map { $_ => length } qw(a bb ccc); print "$_ $h{$_}\\n" for sort keys %h; exit 3',
    "fork and pipe": 'my $p = open(my $f, "-|") // die; if (!$p) { print "child\\n"; exit 4 } print <$f>; close $f; print $? >> 8, "\\n"; print `echo sub`; system("true; exit 2"); print $? >> 8, "\\n"',
    "signals": '$SIG{ALRM} = sub { die "alarm\\n" }; use Time::HiRes "ualarm"; ualarm(20000); eval { sleep 100 }; print $@; $SIG{CHLD} = sub { wait; print "reaped\\n"; $done = 1 }; fork or exit; select(undef, undef, undef, 0.01) until $done',
    "sockets": 'use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die $!; if (!fork) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport); print $c "hi\\n"; exit } my $c = $s->accept; print <$c>; wait',
    "files": 'open my $f, ">", "x" or die; print $f "a\\n" x 10; close $f; print -s "x", "\\n"; open $f, "<", "nowhere" or print "$!\\n"; mkdir "d"; print join(",", sort glob "*"), "\\n"; unlink "x"; rename "d", "e"; print -d "e" ? "dir\\n" : "no\\n"',
}

_NODE = {
    "script": "console.log([3, 1, 2].sort(), process.argv.length, process.platform); process.exitCode = 5",
    "timers and promises": "setImmediate(() => { console.log('soon'); setTimeout(() => console.log('late'), 5); }); Promise.resolve().then(() => console.log('first'))",
    "http server": """
const http = require('http');
const s = http.createServer((q, r) => { let n = 0; q.on('data', d => n += d.length).on('end', () => r.end(q.method + q.url + n)); });
s.listen(0, '127.0.0.1', async () => {
  const port = s.address().port;
  const ask = (path, body) => new Promise((yes, no) => {
    const q = http.request({ port, host: '127.0.0.1', path, method: body ? 'POST' : 'GET' }, r => { let t = ''; r.on('data', d => t += d).on('end', () => yes(t)); });
    q.on('error', no); q.end(body);
  });
  console.log(await ask('/a'), await ask('/b', 'x'.repeat(100000)));
  console.log((await Promise.all([...Array(20).keys()].map(i => ask('/' + i)))).length);
  s.close(() => console.log('closed'));
});
""",
    "child processes": """
const { execSync, spawn } = require('child_process');
console.log(execSync('echo sub').toString().trim());
const c = spawn('sh', ['-c', 'cat; exit 3'], { stdio: ['pipe', 'pipe', 'inherit'] });
c.stdout.on('data', d => console.log(d.toString())); c.on('close', code => console.log(code)); c.stdin.end('piped');
""",
    "files": """
const fs = require('fs');
fs.writeFileSync('f', 'text'); fs.appendFileSync('f', 'more'); console.log(fs.readFileSync('f', 'utf8'), fs.statSync('f').size);
fs.mkdirSync('a/b', { recursive: true }); console.log(fs.readdirSync('.')); fs.rmSync('a', { recursive: true });
fs.readFile('nowhere', e => { console.log(e.code);
  fs.promises.readFile('f').then(d => { console.log(d.length);
    fs.createReadStream('f').pipe(fs.createWriteStream('g')).on('finish', () => console.log(fs.readFileSync('g', 'utf8'))); }); });
""",
    "worker threads": """
const { Worker } = require('worker_threads');
const w = [1, 2, 3].map(i => new Promise(r => new Worker(`require('worker_threads').parentPort.postMessage(${i} * 2)`, { eval: true }).on('message', r)));
Promise.all(w).then(v => console.log(v));
""",
}

PROGRAMS = [
    *(_sh(name, text) for name, text in _SCRIPTS.items()),
    *(_perl(name, text) for name, text in _PERL.items()),
    *(_node(name, text) for name, text in _NODE.items()),
]
