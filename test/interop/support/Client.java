import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Sends requests with the defaults of Java's HttpClient, which offers h2c with each. Prints a line for each response. */
public class Client {
  public static void main(String[] arguments) throws Exception {
    var url = arguments[0];
    var body = arguments[1];
    var client = HttpClient.newHttpClient();
    for (int time = 0; time < 3; time++) {
      var post = HttpRequest.newBuilder(URI.create(url)).header("content-type", "application/json");
      print(client, post.POST(HttpRequest.BodyPublishers.ofString(body)).build());
      var get = HttpRequest.newBuilder(URI.create(url + "?query=%7B__typename%7D")).header("content-type", "application/json");
      print(client, get.build());
    }
    print(client, HttpRequest.newBuilder(URI.create(url.replace("/graphql", "/readyz"))).build());
    var large = HttpRequest.newBuilder(URI.create(url)).header("content-type", "application/json");
    print(client, large.POST(HttpRequest.BodyPublishers.ofString("x".repeat(5_000_000))).build());
    var first = new CompletableFuture<String>();
    var socket = client.newWebSocketBuilder().subprotocols("graphql-transport-ws").buildAsync(URI.create(url.replace("http", "ws")), new WebSocket.Listener() {
      @Override
      public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
        first.complete(text.toString());
        return null;
      }
    }).get(10, TimeUnit.SECONDS);
    socket.request(1);
    socket.sendText("{\"type\":\"connection_init\"}", true);
    System.out.println("101 " + first.get(10, TimeUnit.SECONDS));
    System.exit(0);
  }

  static void print(HttpClient client, HttpRequest request) throws Exception {
    var response = client.send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.body().strip());
  }
}
