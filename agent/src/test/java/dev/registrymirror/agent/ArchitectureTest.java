package dev.registrymirror.agent;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The house: a package is a room that a reader knows by name, and arrows point one way. */
class ArchitectureTest {

  private static final String AGENT = "dev.registrymirror.agent";

  /** Whom everybody may know. */
  private static final Set<String> COMMON = Set.of("oci", "bounds", "telemetry");

  /**
   * Whom a room may know besides {@link #COMMON}. The root package, which composes, knows all and
   * is known by none.
   */
  private static final Map<String, Set<String>> MAY_KNOW =
      Map.ofEntries(
          entry("oci", Set.of()),
          entry("bounds", Set.of()),
          entry("telemetry", Set.of()),
          entry("credentials", Set.of()),
          entry("store", Set.of()),
          entry("tags", Set.of()),
          // What is pulled past the mirror is held against what is configured.
          entry("bypass", Set.of("store", "hosts")),
          entry("homes", Set.of()),
          // Its members are the peers that homes ranks.
          entry("roster", Set.of("homes")),
          entry("hosts", Set.of("credentials")),
          // It looks into what configure wrote.
          entry("doctor", Set.of("hosts", "credentials")),
          // It carries the messages of homes.
          entry("peers", Set.of("homes")),
          entry("pull", Set.of("store", "homes", "peers", "tags")),
          entry("http", Set.of("pull", "store", "homes", "peers", "credentials")),
          // The policy of tags is an option.
          entry("cli", Set.of("hosts")));

  private static final JavaClasses PRODUCTION =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(AGENT);

  private static final JavaClasses ALL = new ClassFileImporter().importPackages(AGENT);

  @Test
  void everyRoomIsInTheTable() {
    Set<String> rooms = new HashSet<>();
    for (JavaClass each : PRODUCTION) {
      if (!each.getPackageName().equals(AGENT)) {
        rooms.add(each.getPackageName().substring(AGENT.length() + 1).split("\\.", -1)[0]);
      }
    }

    assertThat(rooms).isSubsetOf(MAY_KNOW.keySet());
  }

  @TestFactory
  Stream<DynamicTest> arrowsPointOneWay() {
    return MAY_KNOW.keySet().stream()
        .map(
            room ->
                dynamicTest(
                    room,
                    () ->
                        check(
                            noClasses()
                                .that(resideInAPackage(within(room)))
                                .should()
                                .dependOnClassesThat(
                                    resideInAPackage(AGENT + "..")
                                        .and(resideOutsideOfPackages(known(room)))))));
  }

  private static String[] known(String room) {
    Set<String> known = new HashSet<>(MAY_KNOW.get(room));
    known.add(room);
    known.addAll(COMMON);
    return known.stream().map(ArchitectureTest::within).toArray(String[]::new);
  }

  private static String within(String room) {
    return AGENT + "." + room + "..";
  }

  @Test
  void roomsFormNoCircle() {
    check(slices().matching(AGENT + ".(*)..").should().beFreeOfCycles());
  }

  @Test
  void nothingIsCalledUtil() {
    check(
        noClasses().should().resideInAnyPackage("..util..", "..utils..", "..common..", "..misc.."));
  }

  @Test
  void homesHaveNeitherSocketNorFileNorThread() {
    check(
        noClasses()
            .that(resideInAPackage(within("homes")))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "java.io..",
                "java.net..",
                "java.nio..",
                "java.util.concurrent..",
                "java.util.logging..",
                "io.netty..",
                within("telemetry"))
            .orShould()
            .dependOnClassesThat(type(Thread.class)));
  }

  @Test
  void homesReadNoClock() {
    check(
        noClasses()
            .that(resideInAPackage(within("homes")))
            .should()
            .callMethodWhere(
                target(owner(type(System.class)))
                    .and(target(name("nanoTime").or(name("currentTimeMillis")))))
            .orShould()
            .callMethodWhere(target(name("now"))));
  }

  @Test
  void nobodySleeps() {
    noClasses()
        .should()
        .callMethodWhere(target(owner(type(Thread.class))).and(target(name("sleep"))))
        .as("nobody sleeps, tests neither: wait for a condition")
        .check(ALL);
  }

  @Test
  void onlyMainAndTheDoctorPrint() {
    check(
        noClasses()
            .that(resideOutsideOfPackages(AGENT, within("doctor")))
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err"));
  }

  @Test
  void nothingIsReflective() {
    check(noClasses().should().dependOnClassesThat().resideInAPackage("java.lang.reflect.."));
  }

  /** A room may be empty: the rule then waits for it. */
  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(PRODUCTION);
  }
}
