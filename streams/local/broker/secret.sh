# Sourced by start.sh and password.sh.

# refuse_bad_secret FILE: end unless the file is a password and nothing else. Kafka takes a line end as part of it and
# our programs do not, so nobody could log in; quotes, commas and brackets would end the settings around it.
refuse_bad_secret() {
  if [ ! -s "$1" ]; then
    why="is missing or empty"
  elif [ "$(wc -l < "$1")" -gt 0 ]; then
    why="has a line end, which Kafka would take as part of the password; take it out, for example with tr -d '\\n'"
  elif LC_ALL=C grep -q '[^A-Za-z0-9._~+/=-]' "$1"; then
    why="holds other characters than letters, digits and . _ ~ + / = -; make another password, as \`make secrets\` does"
  else
    return 0
  fi
  printf 'error: the secret %s %s\n' "$(basename "$1")" "$why" >&2
  exit 1
}
