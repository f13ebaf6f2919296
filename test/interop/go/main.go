// What the official client in Go does on the engine: each part prints "worked: NAME", the first that fails ends the program.
package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"sort"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const limit = 60 * time.Second

var (
	background = context.Background()
	namesrv    []string
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func worked(part string) { fmt.Println("worked: " + part) }

func main() {
	namesrv = []string{os.Args[1]}
	rlog.SetLogLevel("fatal")
	topics := createTopic(os.Args[2])
	sender, err := rocketmq.NewProducer(producer.WithNameServer(namesrv), producer.WithGroupName("go-producer"))
	check(err)
	check(sender.Start())
	send(sender)
	consume()
	poll()
	transactions()
	check(sender.Shutdown())
	deleteTopic(topics, os.Args[2])
}

func createTopic(broker string) admin.Admin {
	topics, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver(namesrv)))
	check(err)
	check(topics.CreateTopic(background, admin.WithTopicCreate("numbers"), admin.WithBrokerAddrCreate(broker)))
	list, err := topics.FetchAllTopicList(background)
	check(err)
	for _, topic := range list.TopicList {
		if topic == "numbers" {
			worked("create topic")
		}
	}
	return topics
}

func deleteTopic(topics admin.Admin, broker string) {
	check(topics.DeleteTopic(background, admin.WithTopicDelete("numbers"), admin.WithBrokerAddrDelete(broker)))
	check(topics.Close())
	worked("delete topic")
}

func send(sender rocketmq.Producer) {
	for i, body := range []string{"zero", "one", "two", "three", "retried"} {
		message := primitive.NewMessage("numbers", []byte(body)).WithTag([]string{"even", "odd"}[i%2])
		message.WithKeys([]string{body})
		message.WithProperty("n", fmt.Sprint(i))
		result, err := sender.SendSync(background, message)
		check(err)
		if result.Status != primitive.SendOK {
			panic(result.String())
		}
	}
	worked("send")
	sent := make(chan error, 1)
	callback := func(_ context.Context, _ *primitive.SendResult, err error) { sent <- err }
	check(sender.SendAsync(background, callback, primitive.NewMessage("others", []byte("asynchronous"))))
	check(<-sent)
	check(sender.SendOneWay(background, primitive.NewMessage("others", []byte("one-way"))))
	batch := []*primitive.Message{primitive.NewMessage("others", []byte("b1")), primitive.NewMessage("others", []byte("b2"))}
	_, err := sender.SendSync(background, batch...)
	check(err)
	_, err = sender.SendSync(background, primitive.NewMessage("others", []byte("delayed")).WithDelayTimeLevel(1))
	check(err)
	worked("send otherwise")
}

// How a listener asks for a message once more.
var again = map[string]consumer.ConsumeResult{
	"concurrent": consumer.ConsumeRetryLater,
	"orderly":    consumer.SuspendCurrentQueueAMoment,
}

// Consumes until all bodies have come that are expected.
func listen(group string, topic string, selector consumer.MessageSelector, expected []string, options ...consumer.Option) {
	var mutex sync.Mutex
	bodies := map[string]bool{}
	complete := make(chan bool, 1)
	options = append(options, consumer.WithNameServer(namesrv), consumer.WithGroupName(group),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset), consumer.WithInstance(group))
	listener, err := rocketmq.NewPushConsumer(options...)
	check(err)
	handle := func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		mutex.Lock()
		defer mutex.Unlock()
		for _, message := range messages {
			if string(message.Body) == "retried" && message.ReconsumeTimes == 0 {
				return again[group], nil
			}
			bodies[string(message.Body)] = true
		}
		if len(bodies) >= len(expected) {
			select {
			case complete <- true:
			default:
			}
		}
		return consumer.ConsumeSuccess, nil
	}
	check(listener.Subscribe(topic, selector, handle))
	check(listener.Start())
	select {
	case <-complete:
	case <-time.After(limit):
	}
	check(listener.Shutdown())
	mutex.Lock()
	defer mutex.Unlock()
	got := []string{}
	for body := range bodies {
		got = append(got, body)
	}
	sort.Strings(got)
	sort.Strings(expected)
	if !reflect.DeepEqual(got, expected) {
		panic(fmt.Sprint(group, " got ", got, ", expected ", expected))
	}
	worked(group)
}

func consume() {
	all := []string{"zero", "one", "two", "three", "retried"}
	others := []string{"asynchronous", "one-way", "b1", "b2", "delayed"}
	listen("concurrent", "numbers", consumer.MessageSelector{}, all)
	listen("tags", "numbers", consumer.MessageSelector{Type: consumer.TAG, Expression: "odd"}, []string{"one", "three"})
	listen("sql", "numbers", consumer.MessageSelector{Type: consumer.SQL92, Expression: "n >= 2 AND n < 4"}, []string{"two", "three"})
	listen("orderly", "numbers", consumer.MessageSelector{}, all, consumer.WithConsumerOrder(true))
	listen("others", "others", consumer.MessageSelector{}, others)
	listen("broadcasting", "others", consumer.MessageSelector{}, others, consumer.WithConsumerModel(consumer.BroadCasting))
}

func poll() {
	puller, err := rocketmq.NewPullConsumer(consumer.WithNameServer(namesrv), consumer.WithGroupName("pull"),
		consumer.WithInstance("pull"))
	check(err)
	check(puller.Subscribe("numbers", consumer.MessageSelector{}))
	check(puller.Start())
	for end := time.Now().Add(limit); ; {
		result, err := puller.Poll(background, time.Second)
		if err == nil && len(result.GetMsgList()) > 0 {
			puller.ACK(background, result, consumer.ConsumeSuccess)
			break
		}
		if time.Now().After(end) {
			panic("nothing was polled")
		}
	}
	check(puller.Shutdown())
	worked("poll")
}

type transactionListener struct{}

func (transactionListener) ExecuteLocalTransaction(message *primitive.Message) primitive.LocalTransactionState {
	switch string(message.Body) {
	case "committed":
		return primitive.CommitMessageState
	case "rolled back":
		return primitive.RollbackMessageState
	}
	return primitive.UnknowState
}

func (transactionListener) CheckLocalTransaction(*primitive.MessageExt) primitive.LocalTransactionState {
	return primitive.CommitMessageState
}

func transactions() {
	sender, err := rocketmq.NewTransactionProducer(transactionListener{}, producer.WithNameServer(namesrv),
		producer.WithGroupName("transactions"), producer.WithInstanceName("transactions"))
	check(err)
	check(sender.Start())
	for _, body := range []string{"committed", "rolled back", "checked"} {
		_, err := sender.SendMessageInTransaction(background, primitive.NewMessage("transactions", []byte(body)))
		check(err)
	}
	listen("transactions", "transactions", consumer.MessageSelector{}, []string{"committed", "checked"})
	check(sender.Shutdown())
}
