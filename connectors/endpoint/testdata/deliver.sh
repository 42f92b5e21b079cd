# The protocol by hand: manifest, two pieces with a killed endpoint between them, status, receipt, and its check.
# Needs curl, base64, awk, tail, head, ssh-keygen. Given: ID, U, T, CUT, ALLOWED; files $ID.* in the working folder.
set -eu
put()   { curl $T -o /dev/null -w '%{http_code}\n' -X PUT -H 'Content-Type: application/json' -H "Uoma-Signature: $(base64 -w0 "$ID.manifest.json.sig")" --data-binary @"$ID.manifest.json" "$U"; }
off()   { curl $T -I -H 'Tus-Resumable: 1.0.0' "$U/payload" | tr -d '\r' | awk 'tolower($1)=="upload-offset:"{print $2}'; }
patch() { tail -c +$(( $1 + 1 )) "$ID.age" | head -c "$2" | curl $T -o /dev/null -w '%{http_code}\n' -X PATCH -H 'Tus-Resumable: 1.0.0' -H 'Content-Type: application/offset+octet-stream' -H "Upload-Offset: $1" --data-binary @- "$U/payload"; }
case "$1" in
begin)
	put
	put
	off
	patch 0 "$CUT"
	off
	;;
finish)
	patch "$(off)" 1000000000
	n=0
	until curl $T --fail -o "$ID.receipt.json" "$U/receipt.json" 2>/dev/null; do
		n=$((n + 1))
		test "$n" -lt 100
		sleep 0.1
	done
	curl $T --fail -o "$ID.receipt.json.sig" "$U/receipt.json.sig"
	ssh-keygen -Y verify -f "$ALLOWED" -I endpoint@csc -n receipt@uoma -s "$ID.receipt.json.sig" <"$ID.receipt.json" >/dev/null && echo verified
	;;
esac
