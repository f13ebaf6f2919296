#!/usr/bin/env bash
# Makes the certificates of the tests, which are good for a hundred years: run it only to replace them all. Needs OpenSSL 3.
set -euo pipefail
cd "$(dirname "$0")"
days=36500

authority() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -subj "/CN=$1 of the tests" \
    -addext 'keyUsage=critical,keyCertSign' -keyout "$1-key.tmp" -out "$1.pem"
}
signed() { # NAME AUTHORITY COMMON-NAME EXTENSIONS
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$1-key.pem" -out "$1.csr.tmp"
  openssl x509 -req -in "$1.csr.tmp" -CA "$2.pem" -CAkey "$2-key.tmp" -days "$days" -extfile <(echo "$4") -out "$1.pem"
}

names='subjectAltName=DNS:localhost,IP:127.0.0.1'
authority ca
authority other-ca
signed server ca localhost "$names"
signed server2 ca 'the second one' "$names"
signed client ca client 'extendedKeyUsage=clientAuth'
signed stranger other-ca stranger "$names"
openssl pkcs8 -topk8 -in server-key.pem -passout pass:open-sesame -out server-key-encrypted.pem
rm -f ./*.tmp
