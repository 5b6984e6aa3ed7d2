package dev.registrymirror.lab.cluster;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test on a real API server. Where this machine cannot have one, it is skipped and the reason
 * printed. The server's log is in {@code target/lab-logs} afterwards.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("lab")
@ExtendWith(SkipWithoutControlPlane.class)
public @interface NeedsControlPlane {}
