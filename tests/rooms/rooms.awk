# SPDX-License-Identifier: Apache-2.0
# Reads the tables, then sources, and prints "path:line: what is wrong". POSIX awk; paths are
# relative to the repository's root. Called by rooms.sh as
#
#   awk -f rooms.awk table=1 cmake/rooms.cmake table=2 tests/rooms/grammar.floors \
#       table=3 tests/rooms/long-functions table=5 docs/ARCHITECTURE.md table=4 SOURCE...

function fail(line, what) {
    print file ":" line ": " what
    bad = 1
}

# ---- the tables ----

function read_room(line,    part, n) {
    if (line !~ /^pl_room\(/) return
    n = split(line, part, "\"")
    gsub(/^pl_room\(|[ \t]+$/, "", part[1])
    split(part[1], word, /[ \t]+/)
    room = word[1]
    floor[room] = word[2]
    names[nrooms++] = room
    base_name = room
    sub(/.*\//, "", base_name)
    called[base_name] = room
    includes[room] = ";" part[2] ";"
    owns[room] = part[4]
}

function check_table(    i, n, k, list) {
    for (i = 0; i < nrooms; i++) {
        n = split(includes[names[i]], list, ";")
        for (k = 1; k <= n; k++) {
            if (list[k] == "") continue
            if (!(list[k] in called))
                fail(1, names[i] " includes " list[k] ", which is no room")
            else if (floor[called[list[k]]] + 0 >= floor[names[i]] + 0)
                fail(1, names[i] " includes " list[k] ", which is not on a lower floor")
        }
    }
}

# "20 lex lex": floor, group, the group's files
function read_floor(line,    word, n, i) {
    n = split(line, word, /[ \t]+/)
    if (n < 3 || line ~ /^#/) return
    for (i = 3; i <= n; i++) {
        gfloor[word[i]] = word[1]
        ggroup[word[i]] = word[2]
    }
}

function read_long(line,    word) {
    if (line ~ /^#/ || line ~ /^[ \t]*$/) return
    split(line, word, /[ \t]+/)
    long[word[1] " " word[2]] = FNR
}

# A row of the document's table, "| 3 | `runtime/vm` | purpose | base value program | - |", says the
# same as the build's.
function read_document(line,    cell, n, room, list) {
    n = split(line, cell, /[ \t]*\|[ \t]*/)
    if (n < 6 || cell[2] !~ /^[0-9]+$/) return
    room = cell[3]
    gsub(/`/, "", room)
    list = cell[5]
    if (list == "\342\200\223") list = ""
    gsub(/ /, ";", list)
    file = FILENAME
    described[room] = 1
    if (!(room in floor))
        fail(FNR, "cmake/rooms.cmake has no room " room)
    else if (floor[room] != cell[2] || (list != "all" && ";" list ";" != includes[room]))
        fail(FNR, "not as in cmake/rooms.cmake: " room)
    file = ""
}

# ---- names of places ----

function folder_of(path) {
    return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : ""
}

# The room that a path lies in, or "".
function room_of(path,    dir) {
    for (dir = folder_of(path); dir != ""; dir = folder_of(dir))
        if (dir in floor) return dir
    return ""
}

# ---- includes ----

# Its line in grammar.floors: by the whole name, without the ending, or by the part before _.
function place_of(path,    s) {
    s = path
    sub(/.*\//, "", s)
    if (s in gfloor) return s
    sub(/\..*/, "", s)
    if (s in gfloor) return s
    sub(/_.*/, "", s)
    return s in gfloor ? s : ""
}

function check_own(line, header,    from, to) {
    if (here != "grammar") return
    from = place_of(file)
    to = place_of(header)
    if (from == "" || to == "")
        fail(line, "tests/rooms/grammar.floors does not say on which floor this is: " \
            (from == "" ? file : header))
    else if (gfloor[to] + 0 > gfloor[from] + 0)
        fail(line, "an include upwards inside grammar: " header)
    else if (gfloor[to] == gfloor[from] && ggroup[to] != ggroup[from])
        fail(line, "an include sideways inside grammar: " header)
}

function check_include(line, header,    to, name, to_name) {
    to = room_of(header)
    if (here == "") { # programs and tests outside the floors: any door, no back door
        if (to != "" && header ~ /_priv\.h$/ && file !~ /^tests\//)
            fail(line, "a private header of " to ": " header)
        return
    }
    if (to == "") {
        if (header ~ /\// || !(folder_of(file) "/" header in exists))
            fail(line, "an include from outside the rooms: " header)
        return
    }
    if (to == here) {
        check_own(line, header)
        return
    }
    to_name = to
    sub(/.*\//, "", to_name)
    if (index(includes[here], ";" to_name ";") == 0)
        fail(line, "not in the room table: " here " -> " to)
    else if (header != to "/" to_name ".h" && header !~ /\.def$/)
        fail(line, "not the door of " to ": " header)
}

function matches_list(header, list,    one, n, i) {
    n = split(list, one, ";")
    for (i = 1; i <= n; i++) {
        if (one[i] == "") continue
        if (one[i] ~ /\/$/ ? index(header, one[i]) == 1 : header == one[i]) return 1
    }
    return 0
}

function check_outside(line, header,    i) {
    if (here == "" || header in libc) return
    if (matches_list(header, owns[here])) return
    for (i = 0; i < nrooms; i++)
        if (matches_list(header, owns[names[i]])) {
            fail(line, "<" header "> belongs to " names[i])
            return
        }
    fail(line, "<" header "> is no header of libc, and no room owns it")
}

# ---- code: comments and literals blanked ----

function code_of(s,    out, at, c, two) {
    out = ""
    while (s != "") {
        if (in_comment) {
            at = index(s, "*/")
            if (!at) return out
            s = substr(s, at + 2)
            in_comment = 0
            continue
        }
        at = match(s, /["'\/]/)
        if (!at) return out s
        out = out substr(s, 1, at - 1)
        c = substr(s, at, 1)
        two = substr(s, at, 2)
        s = substr(s, at + 1)
        if (two == "//") return out
        if (two == "/*") {
            in_comment = 1
            s = substr(s, 2)
        } else if (c == "/") {
            out = out c
        } else {
            out = out c
            while (s != "" && substr(s, 1, 1) != c) s = substr(s, substr(s, 1, 1) == "\\" ? 3 : 2)
            out = out c
            s = substr(s, 2)
        }
    }
    return out
}

function check_banned(line, code,    rest, at, name, before) {
    rest = " " code
    while ((at = match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) > 0) {
        name = substr(rest, RSTART, RLENGTH)
        before = substr(rest, RSTART - 1, 1)
        rest = substr(rest, RSTART + RLENGTH)
        sub(/[ \t]*\($/, "", name)
        if (name in banned && before != "." && before != ">")
            fail(line, name "() is banned: " banned[name])
    }
}

function name_of(signature,    s) {
    s = substr(signature, 1, index(signature, "(") - 1)
    sub(/[ \t]+$/, "", s)
    sub(/.*[^A-Za-z0-9_]/, "", s)
    return s
}

# Functions as clang-format lays them out: the signature starts at column 1, the body ends with a
# brace at column 1.
function check_length(line, code,    size, name) {
    if (in_body) {
        if (code !~ /^}/) return
        in_body = 0
        size = line - start + 1
        name = name_of(signature)
        if (size > 60 && !((file " " name) in long))
            fail(start, name "() has " size " lines, more than 60")
        if (size > 60) used[file " " name] = 1
        signature = ""
        return
    }
    if (code ~ /^[A-Za-z_]/) {
        signature = ""
        start = line
    }
    if (code ~ /^#/ || start == 0) return
    signature = signature code
    if (code ~ /;[ \t]*$/) {
        signature = ""
        start = 0
    } else if (code ~ /{[ \t]*$/) {
        if (signature ~ /\(/ && signature !~ /^[^(]*=/)
            in_body = 1
        else
            start = 0
    }
}

# ---- all lines ----

function begin_source() {
    file = FILENAME
    here = room_of(file)
    in_comment = in_body = start = 0
    signature = ""
    is_c = file ~ /\.[ch]$/
    has_spdx = 0
}

function end_source() {
    # what `parlance new` writes belongs to whoever runs it
    if (file != "" && !has_spdx && file !~ "^tools/cli/new/") fail(1, "no SPDX line")
}

BEGIN {
    n = split("aio alloca arpa/inet assert complex cpio ctype dirent dlfcn endian errno execinfo " \
        "fcntl fenv float fnmatch ftw getopt glob grp iconv inttypes langinfo libgen limits " \
        "linux/audit linux/filter linux/seccomp locale malloc math mntent net/if netdb " \
        "netinet/in netinet/tcp poll pthread pwd regex sched search semaphore setjmp signal " \
        "spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string " \
        "strings sys/epoll sys/eventfd sys/file sys/inotify sys/ioctl sys/mman sys/param " \
        "sys/pidfd sys/prctl sys/random sys/resource sys/select sys/sendfile sys/signalfd " \
        "sys/socket sys/stat sys/statfs sys/statvfs sys/syscall sys/sysinfo sys/time sys/timerfd sys/times " \
        "sys/timex sys/types sys/uio sys/un sys/utsname sys/wait sys/xattr syslog termios time uchar " \
        "ucontext unistd utime wchar wctype", word, " ")
    for (i = 1; i <= n; i++) libc[word[i] ".h"] = 1
    n = split("sprintf vsprintf strcpy stpcpy strcat gets strtok", word, " ")
    for (i = 1; i <= n; i++) banned[word[i]] = "it knows no bounds, or keeps hidden state"
    n = split("system popen", word, " ")
    for (i = 1; i <= n; i++) banned[word[i]] = "no shell is started"
    n = split("alloca strncpy tmpnam mktemp rand srand random drand48 atoi atol atof " \
        "localtime gmtime ctime asctime", word, " ")
    for (i = 1; i <= n; i++) banned[word[i]] = "base has what is meant"
    for (i = 1; i < ARGC; i++) exists[ARGV[i]] = 1
}

table == 1 { read_room($0); next }
table == 2 { read_floor($0); next }
table == 3 { read_long($0); next }
table == 5 { read_document($0); documents++; next }

FNR == 1 {
    end_source()
    begin_source()
}

FNR <= 3 && /SPDX-License-Identifier: Apache-2\.0/ { has_spdx = 1 }

!is_c { next }

{
    if (!in_comment && $0 ~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) {
        header = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
        if (header ~ /^</) {
            gsub(/^<|>.*$/, "", header)
            check_outside(FNR, header)
        } else {
            sub(/^"/, "", header)
            sub(/".*$/, "", header)
            check_include(FNR, header)
        }
        next
    }
    code = code_of($0)
    if (file !~ /^tests\//) {
        check_banned(FNR, code)
        check_length(FNR, code)
    }
}

END {
    end_source()
    file = "cmake/rooms.cmake"
    check_table()
    for (i = 0; documents && i < nrooms; i++)
        if (!(names[i] in described)) fail(1, "docs/ARCHITECTURE.md does not describe " names[i])
    file = "tests/rooms/long-functions"
    for (k in long)
        if (!(k in used)) fail(long[k], k ": listed, but not longer than 60 lines")
    exit bad
}
