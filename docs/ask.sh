# For the papers in this folder: `. docs/ask.sh` in the folder where `make demo` was started, in any POSIX shell.
desk=${desk:-http://127.0.0.1:8000}

# key ROLE[/DEPARTMENT]: the API key of somebody of the demo.
key() { python3 -c 'import json, sys
role, _, department = sys.argv[1].partition("/")
people = json.load(open("demo-data/demo.json", encoding="utf-8"))["people"]
print(next(each["key"] for each in people if each["role"] == role and department in ("", each.get("department"))))' "$1"; }

# ask ROLE[/DEPARTMENT] METHOD PATH [BODY]: one request with that key; prints the answer.
ask() { curl -sS -X "$2" "$desk$3" -H "Authorization: Bearer $(key "$1")" -H "Content-Type: application/json" ${4:+-d "$4"}; echo; }

# … | field PATH: one value of the JSON that comes in; numbers count list entries, -1 is the last.
field() { python3 -c 'import json, sys
found = json.load(sys.stdin)
for step in sys.argv[1].split("."):
    found = found[int(step) if step.lstrip("-").isdigit() else step]
print(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))' "$1"; }

# triaged NUMBER: waits until the worker has read that ticket.
triaged() { while [ "$(ask supervisor GET "/api/tickets/$1" | field stage)" = received ]; do sleep 0.2; done; }

# act ROLE[/DEPARTMENT] NUMBER ACT [FIELDS]: an act at the present version, with the fields of its body, as '"words": "…"'.
act() { ask "$1" POST "/api/tickets/$2/$3" "{\"version\": $(ask supervisor GET "/api/tickets/$2" | field version)${4:+, $4}}"; }
