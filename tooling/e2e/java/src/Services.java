// A test as a service's own repository has it: nothing in it knows of a sandbox.
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.testcontainers.containers.PostgreSQLContainer;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.lifecycle.Startables;
import org.testcontainers.utility.DockerImageName;

public final class Services {
    public static void main(String[] arguments) throws Exception {
        try (var postgres = new PostgreSQLContainer<>(DockerImageName.parse(System.getenv("POSTGRES_IMAGE")).asCompatibleSubstituteFor("postgres"));
                var kafka = new KafkaContainer(DockerImageName.parse(System.getenv("KAFKA_IMAGE")).asCompatibleSubstituteFor("apache/kafka"))) {
            Startables.deepStart(postgres, kafka).join();
            try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", kafka.getBootstrapServers()), new StringSerializer(), new StringSerializer())) {
                producer.send(new ProducerRecord<>("notes", "sent by Java")).get();
            }
            var settings = Map.<String, Object>of("bootstrap.servers", kafka.getBootstrapServers(), "group.id", "test", "auto.offset.reset", "earliest");
            try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
                    var connection = DriverManager.getConnection(postgres.getJdbcUrl(), postgres.getUsername(), postgres.getPassword())) {
                consumer.subscribe(List.of("notes"));
                var records = consumer.poll(Duration.ofSeconds(30));
                while (records.isEmpty()) records = consumer.poll(Duration.ofSeconds(30));
                connection.createStatement().execute("create table notes (note text)");
                try (var insert = connection.prepareStatement("insert into notes values (?)")) {
                    insert.setString(1, records.iterator().next().value() + ", kept in Postgres");
                    insert.execute();
                }
                var result = connection.createStatement().executeQuery("select note from notes");
                result.next();
                System.out.println(result.getString(1));
            }
        }
    }
}
