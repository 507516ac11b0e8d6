// Informers of client-go, over a server that lists no pods and then says nothing.
package main

import (
	"io"
	"net/http"
	"net/http/httptest"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"parked.test/libraries/lab"
)

// The end of what is there at first, for who asks to be told it by the watch.
const bookmark = `{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"1",` +
	`"annotations":{"k8s.io/initial-events-end":"true"}}}}`

const empty = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`

func serve() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("watch") == "" {
			io.WriteString(w, empty)
			return
		}
		if r.URL.Query().Get("sendInitialEvents") == "true" {
			io.WriteString(w, bookmark)
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})).URL
}

func open(address string) lab.Client {
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:          address,
		ContentConfig: rest.ContentConfig{ContentType: "application/json"},
	})
	lab.Check(err)
	stop := make(chan struct{})
	factory := informers.NewSharedInformerFactory(client, 0)
	factory.Core().V1().Pods().Informer()
	factory.Start(stop)
	return lab.Client{
		Handle: stop,
		Use:    func() { factory.WaitForCacheSync(stop) },
		Close: func() {
			close(stop)
			factory.Shutdown()
		},
	}
}

func main() { lab.Main(lab.Library{Serve: serve, Open: open}) }
