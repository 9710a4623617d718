// Puts webhooks to the guide's verifier in Go. Reads a list of cases as JSON, prints one word
// for each.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

type webhook struct {
	Secret, Body string
	Headers      map[string]string
}

func main() {
	var webhooks []webhook
	if err := json.NewDecoder(os.Stdin).Decode(&webhooks); err != nil {
		panic(err)
	}
	for _, one := range webhooks {
		header := http.Header{}
		for name, value := range one.Headers {
			header.Set(name, value)
		}
		if err := Verify(header, []byte(one.Body), one.Secret); err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println("accepted")
		}
	}
}
