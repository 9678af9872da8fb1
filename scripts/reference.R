# Reference values for the statistics of internal/metric, computed by R and its package survival.
# They are in internal/metric/testdata/reference.json; the tests read that file and need no R.
#
#   Rscript scripts/reference.R > internal/metric/testdata/reference.json
#
# From R itself: prop.test (Wilson), poisson.test (Garwood), qbinom (ranks of order statistics), quantile,
# survfit (Kaplan-Meier with delayed entry), cor.test (Kendall's test with ties), power.prop.test.
# Written out here, since R has no function for it: Newcombe's difference (from prop.test's intervals),
# Sen's slope and its interval, the seasonal form of both, and Hall's interval of a mean.

suppressPackageStartupMessages(library(survival))
set.seed(20261127, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

num <- function(x) ifelse(is.na(x), "null", ifelse(x == round(x) & abs(x) < 1e15, sprintf("%.0f", x), sprintf("%.15g", x)))
list_of <- function(xs) paste0("[", paste(xs, collapse = ", "), "]")
row <- function(...) {
  f <- list(...)
  paste0("{", paste(sprintf("\"%s\": %s", names(f), sapply(f, function(v)
    if (is.character(v)) v else if (length(v) == 1) num(v) else list_of(num(v)))), collapse = ", "), "}")
}
arr <- function(v) list_of(num(v)) # a list even of one
section <- function(name, rows, last = FALSE)
  cat(sprintf("  \"%s\": [\n    %s\n  ]%s\n", name, paste(rows, collapse = ",\n    "), if (last) "" else ","))

wilson <- function(k, n) {
  ci <- suppressWarnings(prop.test(k, n, correct = FALSE)$conf.int)
  c(if (k == 0) 0 else ci[1], if (k == n) 1 else ci[2])
}
newcombe <- function(k1, n1, k2, n2) { # later minus earlier, method 10
  a <- k1 / n1; b <- k2 / n2; A <- wilson(k1, n1); B <- wilson(k2, n2)
  c(b - a - sqrt((b - B[1])^2 + (A[2] - a)^2), b - a + sqrt((B[2] - b)^2 + (a - A[1])^2))
}
km <- function(enter, leave, ended, p) {
  # An item is in view at its first moment too, and ages are whole numbers: hence the half.
  fit <- survfit(Surv(enter - 0.5, leave, ended) ~ 1, conf.type = "log-log")
  first <- function(curve) { i <- which(!is.na(curve) & curve <= 1 - p + 1e-9); if (length(i)) fit$time[i[1]] else NA }
  c(first(fit$surv), first(ifelse(fit$surv == 0, 0, fit$lower)), first(fit$upper))
}
slopes <- function(x, y) {
  if (length(x) < 2) return(numeric(0))
  ij <- combn(length(x), 2)
  (y[ij[2, ]] - y[ij[1, ]]) / (x[ij[2, ]] - x[ij[1, ]])
}
variance <- function(y) {
  n <- length(y); t <- as.vector(table(y))
  (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5))) / 18
}
sen <- function(sl, v) {
  sl <- sort(sl); n <- length(sl); c <- qnorm(0.975) * sqrt(v)
  c(median(sl), sl[max(floor((n - c) / 2), 1)], sl[min(ceiling((n + c) / 2) + 1, n)])
}
hall <- function(x) {
  n <- length(x); m <- mean(x); s <- sd(x); g <- mean((x - m)^3) / mean((x - m)^2)^1.5
  k <- g / sqrt(n)
  inv <- function(z) { # of Hall's transformation
    w <- z - k / 6
    if (abs(k) < 1e-9) return(w)
    u <- 1 + k * w
    (sign(u) * abs(u)^(1 / 3) - 1) * 3 / k
  }
  q <- qt(0.975, n - 1)
  c(m, m - s / sqrt(n) * inv(q), m - s / sqrt(n) * inv(-q))
}

cat("{\n")
cat(sprintf("  \"made_by\": \"%s, survival %s\",\n", R.version.string, packageVersion("survival")))

kn <- rbind(c(0, 1), c(1, 1), c(0, 10), c(1, 29), c(6, 69), c(5, 10), c(81, 263), c(15, 148), c(999, 1000), c(12345, 100000))
section("wilson", apply(kn, 1, function(r) row(k = r[1], n = r[2], ci = wilson(r[1], r[2]))))

section("garwood", sapply(c(0, 1, 2, 3, 5, 10, 17, 30, 100, 1000, 12345), function(k) row(k = k, ci = as.vector(poisson.test(k)$conf.int))))

pairs <- rbind(c(6, 69, 3, 71), c(0, 10, 0, 20), c(5, 56, 0, 29), c(48, 80, 56, 70), c(60, 700, 35, 710), c(1, 200, 9, 180))
section("newcombe", apply(pairs, 1, function(r) row(earlier = r[1:2], later = r[3:4], ci = newcombe(r[1], r[2], r[3], r[4]))))

grid <- expand.grid(n = c(6, 7, 13, 29, 72, 250, 1000, 20000), p = c(0.5, 0.75, 0.9, 0.95))
section("ranks", apply(grid, 1, function(g) row(n = g[1], p = g[2], lo = qbinom(0.025, g[1], g[2]), hi = qbinom(0.975, g[1], g[2]) + 1)))

section("quantile", sapply(c(1, 2, 5, 10, 37), function(n) {
  x <- round(rlnorm(n, 3, 2), 3)
  row(x = arr(x), p = arr(c(0.1, 0.5, 0.75, 0.9, 0.95)), q = arr(as.vector(quantile(x, c(0.1, 0.5, 0.75, 0.9, 0.95), type = 7))))
}))

section("mean", sapply(c(10, 20, 50, 200), function(n) { x <- round(rlnorm(n, 2, 1), 3); row(x = arr(x), mean = hall(x)) }))

section("kaplan_meier", unlist(lapply(1:12, function(i) {
  n <- c(8, 12, 20, 40, 60, 120)[(i - 1) %% 6 + 1]
  life <- 1 + floor(rexp(n) * 40)
  enter <- if (i <= 4) rep(0, n) else pmax(0, floor(runif(n, -60, 40)))
  keep <- life >= enter; enter <- enter[keep]; life <- life[keep]
  stop <- enter + floor(runif(length(life), 0, 120))
  ended <- as.numeric(life <= stop); leave <- pmin(life, stop)
  sapply(c(0.5, 0.75), function(p) {
    q <- km(enter, leave, ended, p)
    row(enter = arr(enter), leave = arr(leave), ended = arr(ended), p = p, value = q[1], low = q[2], high = q[3])
  })
})))

section("trend", sapply(1:8, function(i) {
  n <- c(8, 9, 13, 20, 26, 26, 39, 52)[i]
  x <- sort(sample(n + i %/% 2, n)) - 1
  y <- if (i %% 2) round(5 + 0.15 * x + rnorm(n)) else round(rlnorm(n, 2 - 0.02 * x, 0.5), 2)
  k <- suppressWarnings(cor.test(x, y, method = "kendall", exact = FALSE, continuity = TRUE))
  s <- sen(slopes(x, y), variance(y))
  row(x = arr(x), y = arr(y), slope = s[1], ci = s[2:3], tau = as.vector(k$estimate), p = k$p.value)
}))

# Seasonal: the season is given, so that no calendar of R's is needed.
section("seasonal", sapply(c(62, 78, 104, 150), function(n) {
  x <- 0:(n - 1); season <- x %% 52
  y <- round(20 + 8 * sin(2 * pi * season / 52) - 0.03 * x + rnorm(n), 1)
  parts <- Filter(function(g) length(g) > 1, split(seq_along(x), season))
  sl <- unlist(lapply(parts, function(g) slopes(x[g], y[g])))
  v <- sum(sapply(parts, function(g) variance(y[g]))); S <- sum(sign(sl))
  s <- sen(sl, v)
  row(y = arr(y), slope = s[1], ci = s[2:3], s = S, p = 2 * pnorm(-(abs(S) - 1) / sqrt(v)))
}))

ab <- rbind(c(0.085, 0.05), c(0.1, 0.05), c(0.15, 0.10), c(0.2, 0.02), c(0.5, 0.4))
section("ratio_needs", apply(ab, 1, function(r) row(from = r[1], to = r[2],
  n = power.prop.test(p1 = r[1], p2 = r[2], power = 0.8, tol = 1e-10)$n)), last = TRUE)
cat("}\n")
