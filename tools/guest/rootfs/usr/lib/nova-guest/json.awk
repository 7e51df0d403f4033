# Flatten one JSON document: {"a": {"b": [1, "x"]}} gives "a.b.0<TAB>1" and "a.b.1<TAB>x"; a newline in a value becomes \n.
BEGIN { RS = "\001" }

function skip_space() { while (substr(text, at, 1) ~ /[ \t\r\n]/) at++ }

function string(   out, c) {
    out = ""
    at++
    while (at <= size && (c = substr(text, at, 1)) != "\"") {
        if (c == "\\") {
            c = substr(text, ++at, 1)
            if (c == "n") c = "\n"
            else if (c == "t") c = "\t"
            else if (c == "r") c = "\r"
            else if (c == "u") { c = code_point(substr(text, at + 1, 4)); at += 4 }
        }
        out = out c
        at++
    }
    at++
    return out
}

# ASCII only: names and keys of servers need no more.
function code_point(hex,   i, n) {
    n = 0
    for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(hex, i, 1))) - 1
    return n < 128 ? sprintf("%c", n) : "?"
}

function members(path, close_mark,   key, i) {
    at++
    skip_space()
    if (substr(text, at, 1) == close_mark) { at++; return }
    i = 0
    do {
        skip_space()
        key = i++
        if (close_mark == "}") { key = string(); skip_space(); at++ }
        value(path == "" ? key : path "." key)
        skip_space()
    } while (substr(text, at++, 1) == ",")
}

function value(path,   c, out, start) {
    skip_space()
    c = substr(text, at, 1)
    if (c == "{") { members(path, "}"); return }
    if (c == "[") { members(path, "]"); return }
    if (c == "\"") out = string()
    else {
        start = at
        while (at <= size && substr(text, at, 1) !~ /[],} \t\r\n]/) at++
        out = substr(text, start, at - start)
        if (out == "null") out = ""
    }
    gsub(/\n/, "\\n", out)
    printf "%s\t%s\n", path, out
}

{ text = $0; at = 1; size = length(text); value("") }
