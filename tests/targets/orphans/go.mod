module parked.test/orphans

go 1.18

require (
	go.etcd.io/etcd/client/v3 v3.5.0
	google.golang.org/grpc v1.60.0
)

replace go.etcd.io/etcd/client/v3 => ../fakeetcd

replace google.golang.org/grpc => ../fakegrpc
