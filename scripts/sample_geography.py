"""The hand-drawn geography and calendar behind the synthetic sample archive.

Every coordinate here was chosen by hand (towns, capes and river bends, to about a hundredth of a degree) and
comes from no publisher's map: `make_sample.py` roughens the lines with seeded noise. Keeping the tables apart
from the mechanics lets a reader see at a glance what the sample claims about the ground and what it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

Point = tuple[float, float]


def waypoints(text: str) -> list[Point]:
    """Return the `lon lat` pairs of a table; what follows `#` on a line names the place for the reader."""
    numbers = [float(word) for line in text.splitlines() for word in line.split("#")[0].split()]
    return list(zip(numbers[0::2], numbers[1::2], strict=True))


# The line of contact at the end of 2022, from the Russian border down to the Kakhovka reservoir.
FRONT = waypoints("""
37.78 50.05  37.77 49.97  37.76 49.88  37.77 49.80  37.80 49.71  # Dvorichna, Kupiansk
37.86 49.62  37.92 49.53  38.02 49.46  38.06 49.36  38.08 49.26  # Kyslivka, Svatove
38.12 49.17  38.15 49.08  38.14 49.01  38.22 48.95  38.29 48.90  # Kreminna, Bilohorivka
38.33 48.83  38.22 48.77  38.14 48.71  38.11 48.66  38.06 48.62  # Spirne, Soledar
38.06 48.57  38.02 48.52  37.99 48.45  37.97 48.39  37.95 48.32  # Bakhmut, Horlivka
37.92 48.25  37.84 48.20  37.79 48.18  37.80 48.13  37.76 48.09  # Avdiivka
37.68 48.07  37.60 48.03  37.55 47.95  37.54 47.87  37.45 47.81  # Pisky, Marinka
37.33 47.78  37.24 47.76  37.10 47.74  36.95 47.74  36.85 47.78  # Vuhledar, Velyka Novosilka
36.72 47.76  36.60 47.68  36.45 47.63  36.33 47.60  36.20 47.56  # Huliaipole
36.08 47.52  35.95 47.50  35.83 47.49  35.68 47.49  35.55 47.51  35.40 47.52  # Orikhiv, Kamianske
""")

# The left bank of the Dnipro, from Kamianske to the tip of the Kinburn spit.
DNIPRO = waypoints("""
35.40 47.52  35.33 47.50  35.28 47.46  35.15 47.44  35.02 47.43  34.90 47.46  34.78 47.50  # Vasylivka
34.66 47.52  34.50 47.51  34.38 47.50  34.25 47.42  34.18 47.33  34.05 47.25  33.93 47.19  # Enerhodar
33.80 47.10  33.70 47.02  33.58 46.93  33.50 46.84  33.38 46.79  33.25 46.76  33.10 46.74  # Kakhovka
32.95 46.69  32.80 46.65  32.70 46.63  32.58 46.58  32.50 46.54  32.35 46.52  32.22 46.50  # Oleshky
32.10 46.49  31.95 46.50  31.80 46.53  31.65 46.555  31.51 46.57  # Dnipro-Buh estuary, Kinburn
""")

# The Black Sea, Crimea and the Sea of Azov, from Kinburn to the border east of Novoazovsk.
COAST = waypoints("""
31.51 46.57  31.62 46.52  31.75 46.46  31.85 46.43  31.95 46.40  32.01 46.35  31.90 46.30  # Yahorlyk bay
32.02 46.22  32.15 46.20  32.20 46.13  32.28 46.10  32.53 46.07  32.72 46.09  32.90 46.10  # Skadovsk
33.05 46.10  33.20 46.08  33.30 46.05  33.45 46.05  33.58 46.11  33.66 46.14  33.60 46.05  # Perekop
33.60 45.97  33.72 45.92  33.60 45.86  33.42 45.83  33.20 45.76  33.05 45.71  32.95 45.64  # Karkinit bay
32.72 45.53  32.52 45.45  32.49 45.35  32.62 45.32  32.85 45.33  33.00 45.30  33.15 45.21  # Tarkhankut
33.37 45.18  33.48 45.10  33.57 45.00  33.60 44.90  33.55 44.80  33.54 44.68  33.52 44.62  # Yevpatoriia
33.38 44.59  33.45 44.53  33.60 44.48  33.74 44.39  33.95 44.39  34.06 44.42  34.17 44.49  # Sevastopol
34.30 44.55  34.42 44.67  34.60 44.76  34.78 44.81  34.97 44.84  35.08 44.79  35.14 44.87  # Yalta, Sudak
35.25 44.95  35.40 45.03  35.55 45.11  35.70 45.10  35.84 45.00  36.05 45.03  36.22 45.02  # Feodosiia
36.40 45.07  36.45 45.13  36.42 45.22  36.45 45.33  36.50 45.36  36.64 45.37  36.62 45.44  # Kerch
36.40 45.45  36.15 45.45  36.00 45.38  35.87 45.48  35.80 45.42  35.60 45.35  35.47 45.29  # Kazantyp
35.37 45.40  35.28 45.52  35.15 45.66  35.02 45.80  34.92 45.95  34.85 46.08  34.84 46.17  # Arabat spit
34.95 46.22  35.10 46.25  35.22 46.33  35.32 46.37  35.45 46.37  35.60 46.48  35.80 46.61  # Kyrylivka
35.97 46.64  36.20 46.67  36.35 46.70  36.55 46.75  36.72 46.77  36.78 46.73  36.76 46.65  # Prymorsk
36.83 46.66  36.88 46.76  36.97 46.83  37.10 46.88  37.27 46.91  37.36 47.00  37.45 47.06  # Berdiansk
37.55 47.08  37.70 47.09  37.85 47.09  38.00 47.10  38.22 47.10  # Mariupol, Novoazovsk
""")

# The state border behind the occupied side, from the Sea of Azov up to the line of contact.
BORDER = waypoints("""
38.22 47.10  38.24 47.25  38.30 47.38  38.29 47.55  38.45 47.62  38.62 47.64  38.77 47.69
38.83 47.82  38.98 47.85  39.20 47.85  39.40 47.83  39.60 47.84  39.76 47.84  39.82 47.92
39.80 48.05  39.90 48.13  39.98 48.25  39.92 48.32  39.88 48.45  39.85 48.55  39.70 48.59  # Izvaryne
39.67 48.70  39.76 48.80  39.95 48.80  40.05 48.88  39.93 48.94  39.78 48.97  39.70 49.03  # Stanytsia
39.82 49.08  39.95 49.07  40.02 49.18  40.18 49.25  40.15 49.36  40.08 49.45  40.13 49.58  # Milove
39.98 49.60  39.80 49.57  39.65 49.65  39.60 49.73  39.42 49.75  39.27 49.80  39.18 49.87
39.02 49.83  38.92 49.80  38.73 49.90  38.65 49.96  38.45 49.99  38.33 50.07  38.20 50.03  # Troitske
38.18 49.93  38.02 49.91  37.93 50.02  37.78 50.05
""")

# The state border on from there, past Kharkiv and Sumy: new incursions start from it, on either side.
NORTH_BORDER = waypoints("""
37.78 50.05  37.62 50.16  37.60 50.28  37.47 50.42  37.32 50.43  37.12 50.36  36.95 50.35  36.75 50.31
36.60 50.23  36.47 50.31  36.30 50.29  36.15 50.40  36.00 50.43  35.83 50.44  35.70 50.36  35.60 50.37
35.47 50.45  35.40 50.55  35.42 50.65  35.48 50.77  35.42 50.90  35.37 51.00  35.30 51.05  35.15 51.08
35.13 51.18  35.00 51.21  34.80 51.18  34.68 51.20  34.50 51.23  34.35 51.25  34.25 51.30  34.22 51.42
33.90 51.55
""")
WEST_OF_FRONT = waypoints("33.90 48.40  35.30 47.60")  # closes the land where the line may move west
RUSSIA_CORNERS = waypoints("33.90 52.50  38.50 52.50  38.50 50.05")  # closes Russia's side

# Drawn as parts of their own: two long sand islands of the Black Sea coast.
ISLANDS = [
    waypoints("""
    31.52 46.34  31.58 46.30  31.72 46.25  31.86 46.18  31.98 46.15  31.88 46.20  31.74 46.28  31.60 46.33
    """),
    waypoints("""
    32.62 46.035  32.75 46.02  32.92 46.00  33.06 46.02  33.10 46.06  33.00 46.05  32.86 46.03  32.72 46.045
    """),
]

# Drawn as holes: the two Syvash lagoons and the Molochnyi estuary.
LAKES = [
    waypoints("""
    35.38 45.34  35.27 45.46  35.19 45.55  35.07 45.68  34.94 45.80  34.86 45.93  34.80 46.04  34.70 46.10
    34.55 46.05  34.60 45.97  34.72 45.93  34.75 45.85  34.88 45.72  34.97 45.62  35.06 45.54  35.12 45.42
    35.25 45.35
    """),
    waypoints("33.90 46.09  34.12 46.10  34.35 46.06  34.42 45.98  34.26 45.95  34.10 46.01  33.95 46.02"),
    waypoints("35.34 46.42  35.40 46.47  35.36 46.55  35.30 46.64  35.26 46.60  35.30 46.50"),
]

# Ukrainian pockets behind the line on the first map: lon, lat, half-width in km.
POCKETS = [(38.24, 49.15, 1.8), (38.43, 48.87, 1.5), (36.05, 47.46, 1.4)]

KURSK_CENTRE: Point = (35.27, 51.16)  # just behind Sudzha, where the incursion started from
KURSK_OUTLINE = waypoints("""
34.72 51.15  34.74 51.29  34.85 51.36  34.97 51.36  35.05 51.42  35.17 51.41  35.28 51.36  35.38 51.32
35.47 51.26  35.50 51.16  35.46 51.07  35.40 50.99  35.10 50.95  34.80 51.05
""")


@dataclass(frozen=True)
class Theatre:
    """A stretch of the line where small moves happen all the time, with weights of gains and losses."""

    name: str
    oblast: str
    box: tuple[float, float, float, float]
    gains: float
    losses: float


THEATRES = [
    Theatre("Kupiansk", "Kharkiv", (37.55, 49.50, 37.95, 50.02), 1.0, 0.8),
    Theatre("Svatove", "Luhansk", (37.93, 49.20, 38.20, 49.50), 0.6, 0.8),
    Theatre("Kreminna", "Luhansk", (37.92, 48.94, 38.35, 49.20), 0.6, 1.0),
    Theatre("Siversk", "Donetsk", (38.05, 48.72, 38.45, 48.94), 1.0, 0.6),
    Theatre("Bakhmut", "Donetsk", (37.80, 48.42, 38.20, 48.72), 1.4, 0.6),
    Theatre("Toretsk", "Donetsk", (37.75, 48.20, 38.05, 48.42), 0.8, 0.4),
    Theatre("Pokrovsk", "Donetsk", (37.15, 48.02, 37.85, 48.32), 1.8, 0.6),
    Theatre("Marinka", "Donetsk", (37.25, 47.80, 37.62, 48.05), 1.4, 0.5),
    Theatre("Vuhledar", "Donetsk", (36.95, 47.68, 37.35, 47.95), 1.2, 0.5),
    Theatre("Velyka Novosilka", "Donetsk", (36.60, 47.60, 36.95, 47.90), 0.8, 0.8),
    Theatre("Huliaipole", "Zaporizhzhia", (36.00, 47.42, 36.58, 47.70), 0.6, 0.7),
    Theatre("Orikhiv", "Zaporizhzhia", (35.44, 47.35, 36.00, 47.56), 0.4, 0.8),
    Theatre("Dnipro islands", "Kherson", (32.35, 46.50, 33.40, 46.85), 0.0, 0.3),
    Theatre("Vovchansk", "Kharkiv", (36.30, 50.15, 37.10, 50.40), 0.4, 0.4),
]
SALIENTS = (37.10, 47.75, 37.95, 48.33)  # west of Donetsk, where the pushes of 2024 lie side by side
OBLASTS_EVERY_WEEK = ("Donetsk", "Kharkiv", "Luhansk", "Zaporizhzhia")


@dataclass(frozen=True)
class Axis:
    """A push along a path between two days; `width_km` is half the front of the push at its root."""

    opens: date
    closes: date
    width_km: float
    path: list[Point]


def axis(opens: str, closes: str, width_km: float, path: str) -> Axis:
    """Return one row of the two tables below, which read better as text."""
    return Axis(date.fromisoformat(opens), date.fromisoformat(closes), width_km, waypoints(path))


GAIN_AXES = [
    axis("2022-12-31", "2023-02-19", 1.8, "38.11 48.67  38.06 48.69  38.00 48.66  37.97 48.64"),  # Soledar
    axis("2023-01-08", "2023-05-21", 2.4, "38.06 48.585  38.02 48.59  37.97 48.595"),  # Bakhmut
    axis("2023-01-15", "2023-04-09", 1.4, "38.01 48.54  37.96 48.55  37.93 48.555"),
    axis("2023-01-22", "2023-05-28", 1.4, "38.15 49.03  38.09 49.00"),  # Kreminna forest
    axis("2023-02-05", "2023-06-11", 1.4, "37.77 49.91  37.72 49.92  37.73 49.84"),  # Dvorichna
    axis("2023-01-08", "2023-12-31", 0.9, "37.54 47.945  37.47 47.95"),  # Marinka
    axis("2023-07-16", "2023-09-10", 1.4, "38.06 49.33  37.98 49.30"),  # Karmazynivka
    axis("2023-10-08", "2024-02-18", 1.5, "37.81 48.20  37.76 48.22  37.71 48.19  37.69 48.15"),  # Avdiivka
    axis("2023-10-08", "2024-02-18", 1.2, "37.77 48.08  37.71 48.09  37.69 48.13"),
    axis("2024-01-21", "2024-02-25", 1.8, "37.80 48.14  37.72 48.14"),
    axis("2023-10-29", "2024-05-19", 1.0, "37.54 47.86  37.46 47.86"),  # Novomykhailivka
    axis("2023-11-05", "2024-11-17", 1.1, "37.79 49.78  37.73 49.77  37.70 49.74"),  # Kupiansk
    axis("2024-01-07", "2024-08-18", 1.1, "37.47 47.95  37.36 47.96"),
    axis("2024-02-18", "2024-09-29", 1.2, "37.95 48.59  37.88 48.59  37.85 48.585"),  # Chasiv Yar
    axis("2024-02-25", "2024-04-21", 1.8, "37.69 48.15  37.64 48.18  37.61 48.21"),
    axis("2024-04-07", "2024-06-16", 1.3, "35.85 47.44  35.83 47.48"),  # Robotyne retaken
    axis("2024-04-21", "2024-06-30", 1.8, "37.62 48.21  37.59 48.25  37.53 48.27"),  # Ocheretyne
    axis("2024-05-05", "2024-07-21", 1.5, "37.64 48.11  37.54 48.14"),
    axis("2024-05-12", "2024-06-09", 4.4, "36.40 50.31  36.42 50.25"),  # north of Kharkiv
    axis("2024-05-12", "2024-06-16", 4.0, "36.92 50.36  36.94 50.30"),  # Vovchansk
    axis("2024-05-26", "2024-07-14", 1.2, "33.13 46.72  33.08 46.745"),  # Krynky retaken
    axis("2024-05-26", "2024-10-06", 1.2, "38.32 48.82  38.22 48.83"),  # Siversk
    axis("2024-06-16", "2024-10-27", 1.5, "37.93 48.33  37.86 48.33  37.87 48.39"),  # Toretsk
    axis("2024-06-16", "2024-11-17", 1.3, "38.06 49.20  37.97 49.17"),  # Makiivka
    axis("2024-07-07", "2024-09-01", 2.2, "37.55 48.26  37.45 48.25  37.36 48.23"),  # towards Pokrovsk
    axis("2024-04-14", "2024-10-27", 1.6, "37.58 48.02  37.48 48.02  37.40 48.02"),  # Krasnohorivka
    axis("2024-05-19", "2024-10-27", 1.6, "37.47 47.86  37.40 47.88  37.34 47.91"),  # Kostiantynivka
    axis("2024-06-30", "2024-09-29", 2.2, "37.58 48.19  37.45 48.19  37.36 48.18"),  # Novohrodivka
    axis("2024-09-22", "2024-10-13", 2.2, "37.25 47.77  37.24 47.83"),
    axis("2024-07-14", "2024-11-17", 1.7, "37.87 49.60  37.76 49.57  37.69 49.52"),  # Pishchane, the Oskil
    axis("2024-08-18", "2024-11-10", 2.2, "37.53 48.10  37.42 48.09  37.36 48.06"),  # Ukrainsk, Hirnyk
    axis("2024-08-25", "2024-10-06", 1.8, "37.14 47.75  37.17 47.80  37.26 47.81"),  # Vuhledar
    axis("2024-08-25", "2024-10-06", 1.6, "37.43 47.82  37.30 47.82"),
    axis("2024-09-01", "2024-11-03", 2.2, "37.38 48.20  37.30 48.15  37.26 48.11"),  # Selydove
    axis("2024-09-08", "2024-11-17", 1.6, "37.38 47.96  37.29 47.98"),  # Kurakhove
    axis("2024-10-06", "2024-11-17", 2.4, "37.25 47.81  37.20 47.86  37.11 47.89"),  # Bohoiavlenka
    axis("2024-10-13", "2024-11-17", 2.0, "37.00 47.75  36.94 47.80  36.95 47.85"),  # Shakhtarske
]

LOSS_AXES = [
    axis("2023-01-08", "2023-02-12", 0.9, "38.04 49.42  38.09 49.40"),  # Svatove
    axis("2023-05-14", "2023-07-09", 1.2, "37.93 48.63  37.97 48.64"),  # Berkhivka
    axis("2023-06-04", "2023-09-24", 1.2, "37.93 48.54  37.97 48.52  37.98 48.48"),  # Klishchiivka
    axis("2023-06-11", "2023-07-16", 1.3, "35.55 47.51  35.57 47.47"),  # Piatykhatky
    axis("2023-06-11", "2023-09-24", 1.6, "35.85 47.49  35.84 47.45  35.88 47.43  35.97 47.43"),  # Robotyne
    axis("2023-06-11", "2023-08-20", 1.7, "36.84 47.78  36.81 47.74  36.82 47.70"),  # Staromaiorske
    axis("2023-06-11", "2023-07-23", 1.2, "36.67 47.72  36.69 47.69"),  # Rivnopil
    axis("2023-10-22", "2023-12-03", 0.9, "33.08 46.745  33.13 46.72"),  # Krynky
    axis("2024-07-14", "2024-09-29", 0.9, "36.95 50.29  36.92 50.32"),  # Vovchansk
    axis("2024-09-15", "2024-11-03", 0.8, "37.84 48.33  37.87 48.32"),  # Niu-York
]

# Held land (km²) on the days where the figure is set; between them the target runs evenly, with noise.
# The five marked days carry the sample's published figures and take no noise.
HELD_KM2 = {
    "2022-12-31": 107_734.0,  # marked
    "2023-01-29": 107_794.0, "2023-02-26": 107_904.0, "2023-03-26": 108_034.0, "2023-04-30": 108_129.0,
    "2023-05-28": 108_199.0, "2023-06-25": 108_129.0, "2023-07-30": 108_049.0, "2023-08-27": 108_009.0,
    "2023-09-24": 107_999.0, "2023-10-29": 108_059.0, "2023-11-26": 108_129.0,
    "2023-12-31": 108_199.0,  # marked: +465 in 2023
    "2024-01-28": 108_294.0, "2024-02-25": 108_424.0, "2024-03-31": 108_534.0, "2024-04-28": 108_664.0,
    "2024-05-12": 108_800.0, "2024-05-26": 109_009.0, "2024-06-30": 109_149.0, "2024-07-28": 109_329.0,
    "2024-09-01": 109_629.0,  # marked
    "2024-09-29": 110_010.0, "2024-10-27": 110_530.0,
    "2024-11-03": 110_649.0,  # marked: +1,020 since 1 September
    "2024-11-17": 110_899.0,  # marked: +2,700 in 2024
}  # fmt: skip
MARKED = {"2022-12-31", "2023-12-31", "2024-09-01", "2024-11-03", "2024-11-17"}

# Land lost in a month (km²), shared among its weeks: gross change must differ from net in every month.
LOST_KM2 = {
    "2023-01": 18, "2023-02": 14, "2023-03": 16, "2023-04": 18, "2023-05": 36, "2023-06": 135, "2023-07": 140,
    "2023-08": 105, "2023-09": 66, "2023-10": 34, "2023-11": 32, "2023-12": 20,
    "2024-01": 18, "2024-02": 16, "2024-03": 18, "2024-04": 16, "2024-05": 20, "2024-06": 24, "2024-07": 24,
    "2024-08": 28, "2024-09": 30, "2024-10": 30, "2024-11": 26,
}  # fmt: skip

# Days on which most advances are moved into control, as publishers do every month or two.
BATCHES = [date.fromisoformat(day) for day in (
    "2023-02-12", "2023-04-09", "2023-05-21", "2023-07-16", "2023-09-10", "2023-11-12", "2024-01-14",
    "2024-03-10", "2024-04-14", "2024-06-23", "2024-08-04", "2024-09-15", "2024-10-20")]  # fmt: skip

# Ukraine's own hold in Kursk oblast (km²) on each map that has the layer.
KURSK_KM2 = {
    "2024-08-11": 620.0, "2024-08-18": 940.0, "2024-08-25": 1_105.0,
    "2024-09-01": 1_171.0,  # marked: its peak, and the map in force on 6 September
    "2024-09-08": 1_166.0, "2024-09-15": 1_138.0, "2024-09-22": 1_120.0,
    "2024-09-29": 1_098.0,  # marked: the map in force on 1 October
    "2024-10-06": 1_040.0, "2024-10-13": 905.0, "2024-10-20": 780.0, "2024-10-27": 690.0,
    "2024-11-03": 612.0, "2024-11-10": 548.0,
    "2024-11-17": 505.0,  # marked: 593 fewer than on 1 October
}  # fmt: skip
