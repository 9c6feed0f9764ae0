// Post the events of a file as Go programs do. Usage: post WAY; see README.md beside run.py.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

type posted struct {
	ID   string         `json:"id"`
	Type string         `json:"type"`
	Data map[string]any `json:"data"`
}

var (
	url    = os.Getenv("POST_URL")
	source = os.Getenv("POST_SOURCE")
	token  = "Bearer " + os.Getenv("POST_TOKEN")
)

func main() {
	text, err := os.ReadFile(os.Getenv("POST_EVENTS"))
	check(err)
	var events []posted
	check(json.Unmarshal(text, &events))
	switch os.Args[1] {
	case "sdk:binary":
		sdk(context.Background(), events)
	case "sdk:structured":
		sdk(binding.WithForceStructured(context.Background()), events)
	case "sdk:batch":
		batch(events)
	case "net/http":
		plain(text)
	default:
		log.Fatal("unknown way")
	}
}

func of(one posted) cloudevents.Event {
	event := cloudevents.NewEvent()
	event.SetID(one.ID)
	event.SetType(one.Type)
	event.SetSource(source)
	check(event.SetData(cloudevents.ApplicationJSON, one.Data))
	return event
}

// The client of the SDK with its own defaults: it sets the time.
func sdk(ctx context.Context, events []posted) {
	client, err := cloudevents.NewClientHTTP(cehttp.WithTarget(url), cehttp.WithHeader("Authorization", token))
	check(err)
	for _, one := range events {
		result := client.Send(ctx, of(one))
		var answer *cehttp.Result
		if !errors.As(result, &answer) {
			log.Fatal(result)
		}
		fmt.Println(answer.StatusCode)
	}
}

func batch(events []posted) {
	all := make([]cloudevents.Event, len(events))
	for index, one := range events {
		all[index] = of(one)
		all[index].SetTime(time.Now())
	}
	request, err := cehttp.NewHTTPRequestFromEvents(context.Background(), url, all)
	check(err)
	send(request)
}

func plain(text []byte) {
	var events []map[string]any
	check(json.Unmarshal(text, &events))
	for _, one := range events {
		one["specversion"], one["source"] = "1.0", source
		body, err := json.Marshal(one)
		check(err)
		request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
		check(err)
		request.Header.Set("Content-Type", cloudevents.ApplicationCloudEventsJSON)
		send(request)
	}
}

func send(request *http.Request) {
	request.Header.Set("Authorization", token)
	answer, err := http.DefaultClient.Do(request)
	check(err)
	check(answer.Body.Close())
	fmt.Println(answer.StatusCode)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
