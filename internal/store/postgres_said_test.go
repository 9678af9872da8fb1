package store

import "testing"

func TestWhyAConnectionFailedIsSaidOnceOnOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"conn closed": "conn closed",
		"failed to connect to `user=a database=b`:\n\t127.0.0.1:1 (127.0.0.1): refused\n\t127.0.0.1:1 (127.0.0.1): refused":                                 "127.0.0.1:1 (127.0.0.1): refused",
		"failed to connect to `user=a database=b`:\n\t10.0.0.1:5432 (db): tls error: server refused TLS connection\n\t10.0.0.1:5432 (db): failed SASL auth": "10.0.0.1:5432 (db): failed SASL auth",
		"failed to connect to `user=a database=b`:\n\t10.0.0.1:5432 (db1): refused\n\t10.0.0.2:5432 (db2): timeout":                                         "10.0.0.1:5432 (db1): refused; 10.0.0.2:5432 (db2): timeout",
		"failed to connect to `user=a database=b`:\n\tdb: tls error: server refused TLS connection\n\tdb: tls error: server refused TLS connection":         "db: tls error: server refused TLS connection",
	} {
		if got := reasonOf(text); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}
