package dev.registrymirror.lab.cluster;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * A test on a real cluster. Where this machine cannot have one, it is skipped and the reason
 * printed. It runs alone, for a cluster takes what a small machine has. Logs are in {@code
 * target/lab-logs} afterwards.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("lab")
@Isolated
@ExtendWith(SkipWithoutCluster.class)
public @interface NeedsCluster {}
