#!/bin/sh
# 生成 compose 所需的全部口令与密钥，写进 secrets/（每个文件一项，只有它的使用者能读）。已有的一个也不改。
# 请用 root 执行，否则容器里的用户读不到：sudo ./secrets.sh
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# 写一项：名称、属主编号、内容。
put() {
  [ -e "$folder/$1" ] || printf '%s' "$3" >"$folder/$1"
  chmod 400 "$folder/$1"
  if [ "$(id -u)" = 0 ]; then chown "$2" "$folder/$1"; fi
}

put postgres_password 0 "$(random)"
put store_url 10001 "postgresql+psycopg://fengxin:$(cat "$folder/postgres_password")@postgres:5432/fengxin"
put es_password 1000 "$(random)"
put es_password_fengxin 10001 "$(cat "$folder/es_password")"
put web_key 10001 "$(random)"
put crawl_key 10001 "$(random)"
put mail_password 10001 ""
put grafana_password 472 "$(random)"
[ "$(id -u)" = 0 ] || echo "提示：不是 root，文件都归当前用户，容器里的用户读不到；请用 sudo 再执行一次。" >&2
[ -s "$folder/mail_password" ] || echo "请把邮件授权码写进 $folder/mail_password（空着时服务不启动，并会说明）。"
echo "已写好 $folder 里的 8 个文件；请另存一份到安全的地方，crawl_key 与 postgres_password 丢了无法恢复。"
