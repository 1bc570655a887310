"""A day of electric cars in plain Python: plan, queue and share power in time order, drive and fill the batteries.

Cars, tours, sites and parameters are dicts; ``gumbel(draw)`` is the frozen error term of the car. Energy is at the
battery, what is paid is at the plug. A tariff is a list of 24 prices.
"""

import contextlib
import math

PLACES = {"home": 0, "work": 1, "slow": 2, "fast": 3}
MOMENTS = {"out": 0, "stop": 1, "back": 2, "night": 3}
MORNING = 30 * 60


def mean_price(prices, begin, minutes):
    """EUR/kWh over a session, hour after hour; of a short one, that of its first thousandth of a minute."""
    end, at, total = begin + max(minutes, 1e-3), begin, 0.0
    while at < end:
        hour = math.floor(at / 60)
        until = min(end, 60.0 * (hour + 1))
        total += prices[hour % 24] * (until - at)
        at = until
    return total / (end - begin)


def public_eur(site, place, begin, minutes, grid_kwh):
    """``share (kWh mean price + EUR/min minutes + EUR/session)``, less for residents."""
    eur = grid_kwh * mean_price(site["prices"], begin, minutes) + site["eur_min"] * minutes + site["eur_session"]
    return eur * (site["resident_share"] if place >= 0 and place == site["place"] else 1.0)


def cheapest_start(prices, earliest, latest, minutes):
    """The cheapest of the earliest and latest start and all on full hours, at its beginning or end; first of equals."""
    hours = [60.0 * h for h in range(100)]
    starts = sorted([earliest, max(earliest, latest), *hours, *(h - minutes for h in hours)])
    best = None
    for start in starts:
        if earliest <= start <= max(latest, earliest):
            price = mean_price(prices, start, minutes)
            if best is None or price < best[0] - 1e-12:
                best = price, start
    return best[1]


def utility(p, place, soc, hours, eur, weight, lost_min):
    """``V = c_place + b_soc SOC + b_dur ln(hours) + g (price - value of time lost)``; g is negative."""
    lost_eur = p["value_of_time_eur_h"] * lost_min / 60
    return p[f"c_{place}"] + p["b_soc"] * soc + p["b_dur"] * math.log(max(hours, 0.1)) + weight * (eur + lost_eur)


def battery_kw(site, fast, p):
    """Power at the battery with nobody else there."""
    if fast:
        return min(p["car_dc_kw"], p["fast_power_share"] * site["kw"]) * p["loss_dc"]
    return min(p["car_ac_kw"], site["kw"]) * p["loss_ac"]


def best_site(near, sites, place, at, stay, most, fast, p, tried=()):
    """The site of ``near`` (pairs of site and minutes) whose kWh costs least: a dict, None if there is none."""
    options = []
    for v, minutes in near:
        kw = battery_kw(sites[v], fast, p)
        kwh = most if fast else min(most, kw * stay / 60)
        if v in tried or kwh <= 0:
            continue
        way, wait, charging = (1.0 if fast else p["walk_multiplier"]) * minutes, sites[v]["wait_min"], 60 * kwh / kw
        lost = wait + way + (charging if fast else 0.0)
        eur = public_eur(sites[v], place, at + wait, charging, kwh / p["loss_dc" if fast else "loss_ac"])
        cost = (eur + p["value_of_time_eur_h"] * lost / 60) / kwh
        options.append({"cost": cost, "site": v, "kwh": kwh, "eur": eur, "way": way, "lost": lost, "kw": kw})
    return min(options, key=lambda o: o["cost"]) if options else None


def session(found, moment, zone, until, forced):
    fast = moment in ("out", "back")
    place = "fast" if fast else "slow"
    return {key: found[key] for key in ("site", "kwh", "kw", "way")} | {
        "place": place, "moment": moment, "zone": zone, "until": until, "forced": forced
    }  # fmt: skip


def stop(car, tour, sure, hoped, sites, zones, p, gumbel, base):
    """What the driver does at the destination or on the way back: None, or a dict with ``place`` and ``kwh``."""
    battery, soc, stay = car["battery"], hoped / car["battery"], max(0.0, tour["leave"] - tour["arrive"])
    need_home = tour["km"] * p["kwh_km"] + p["reserve_share"] * battery
    forced, options = sure < need_home, []

    def suffices(kwh):
        return kwh > 0.5 and (not forced or kwh >= need_home - sure)

    if tour["work_kw"] > 0:
        kwh = max(0.0, min(battery - hoped, tour["work_kw"] * p["loss_ac"] * stay / 60))
        if suffices(kwh):
            v = utility(p, "work", soc, stay / 60, kwh * p["work_eur_kwh"] / p["loss_ac"], car["weight"], 0.0)
            options.append((v + gumbel(base + 1), {"place": "work", "kwh": kwh}))
    near = zones["slow"][tour["dest"]]
    slow = best_site(near, sites, car["place"], tour["arrive"], stay, battery - hoped, False, p)
    if slow and suffices(slow["kwh"]):
        v = utility(p, "slow", soc, stay / 60, slow["eur"], car["weight"], slow["lost"]) + gumbel(base + 2)
        options.append((v, session(slow, "stop", tour["dest"], math.inf if forced else tour["leave"], forced)))
    most = min(battery, max(p["fast_until_share"] * battery, need_home)) - (sure if forced else hoped)
    fast = best_site(zones["fast"][tour["dest"]], sites, car["place"], tour["leave"], math.inf, most, True, p)
    if fast and fast["kwh"] > 0.5:
        v = utility(p, "fast", soc, 1.0, fast["eur"], car["weight"], fast["lost"]) + gumbel(base + 3)
        options.append((v, session(fast, "back", tour["dest"], math.inf, forced)))
    if not forced:
        options.insert(0, (gumbel(base), None))
    return max(options, key=lambda o: o[0])[1] if options else None


def before_leaving(car, tour, sure, sites, zones, p):
    """A fast charge before a drive that the battery would not last, None if no fast site is near."""
    battery = car["battery"]
    whole_tour = 2 * tour["km"] * p["kwh_km"] + p["reserve_share"] * battery
    most = min(battery, max(p["fast_until_share"] * battery, whole_tour)) - sure
    found = best_site(zones["fast"][tour["home"]], sites, car["place"], tour["depart"], math.inf, most, True, p)
    return session(found, "out", tour["home"], math.inf, True) if found else None


def home_session(car, energy, back, p):
    """(begin, minutes, kWh) at home if the car is plugged in until it leaves."""
    kw = car["home_kw"] * p["loss_ac"]
    kwh = max(0.0, min(car["battery"] - energy, kw * max(0.0, car["leaves"] - back) / 60))
    minutes = 60 * kwh / kw
    begin = cheapest_start(car["home_hours"], back, car["leaves"] - minutes, minutes) if car["delays"] else back
    return begin, minutes, kwh


def night_at_home(car, tour, hoped, p, gumbel, base):
    """Whether the car is plugged in at home."""
    begin, minutes, kwh = home_session(car, hoped, tour["back"], p)
    if kwh <= 0.5:
        return False
    eur = kwh / p["loss_ac"] * car["home_eur_kwh"] * mean_price(car["home_hours"], begin, minutes)
    hours = max(0.0, car["leaves"] - tour["back"]) / 60
    v = utility(p, "home", hoped / car["battery"], hours, eur, car["weight"], 0.0)
    return v + gumbel(base + 4) > gumbel(base + 5)


def night_in_public(car, tour, hoped, sites, zones, p, gumbel, base):
    """A slow charge near a home without a plug until six in the morning at the latest: None or the session."""
    until = min(MORNING, car["leaves"])
    stay = max(0.0, until - tour["back"])
    near = zones["slow"][tour["home"]]
    found = best_site(near, sites, car["place"], tour["back"], stay, car["battery"] - hoped, False, p)
    if found is None or found["kwh"] <= 0.5:
        return None
    v = utility(p, "slow", hoped / car["battery"], stay / 60, found["eur"], car["weight"], found["lost"])
    if v + gumbel(base + 6) <= gumbel(base + 5):
        return None
    return session(found, "night", tour["home"], until, False)


def plan_day(car, sites, zones, p, day, gumbel):
    """The plan of a car: (sessions by tour, whether it charges at home, session of the night)."""
    sure = hoped = car["energy"]
    battery, sessions, at_home, in_public = car["battery"], [], False, None
    for number, tour in enumerate(car["tours"]):
        base, need, found = (day * 64 + number) * 8, tour["km"] * p["kwh_km"], None
        if sure < need + p["reserve_share"] * battery:
            found = before_leaving(car, tour, sure, sites, zones, p)
            gained = found["kwh"] if found else 0.0
            sure, hoped = sure + gained, min(battery, hoped + gained)
        sure, hoped = sure - need, hoped - need
        if found is None:
            found = stop(car, tour, sure, hoped, sites, zones, p, gumbel, base)
            gained = found["kwh"] if found else 0.0
            hoped = min(battery, hoped + gained)
            if found and (found["place"] == "work" or found["forced"]):
                sure += gained
        sure, hoped = min(sure, hoped) - need, hoped - need
        sessions.append(found)
    if car["home_kw"] > 0:
        at_home = night_at_home(car, tour, hoped, p, gumbel, base)
    else:
        in_public = night_in_public(car, tour, hoped, sites, zones, p, gumbel, base)
    return sessions, at_home, in_public


def walk(car, sessions, night):
    """The day of a car: it stands still from each (time, session) that it yields until it is sent on."""
    now = car.get("ready", 0.0)
    for tour, asked in zip(car["tours"], sessions, strict=True):
        moment = asked.get("moment") if asked else None
        now = max(now, tour["depart"])
        if moment == "out":
            now = yield now, asked
        tour["departed"], tour["arrived"] = now, now + max(0.0, tour["arrive"] - tour["depart"])
        now = tour["arrived"]
        if moment == "stop":
            now = yield now, asked
        now = max(now, tour["leave"])
        if moment == "back":
            now = yield now, asked
        tour["left"], tour["returned"] = now, now + max(0.0, tour["back"] - tour["leave"])
        now = tour["returned"]
    if night:
        yield now, night


class Site:
    """A site in time order: who charges, who waits."""

    def __init__(self, facts, p, taken=()):
        self.facts, self.p, self.queue, self.active, self.peak = facts, p, [], [], 0.0
        self.taken = list(taken)  # (until, kW from the grid) of points since yesterday
        self.share_power(0.0)

    def share_power(self, now):
        for s in self.active:
            s["rest"] -= s["rate"] * (now - s["since"]) / 60
            s["since"] = now
        since_yesterday = min(self.facts["site_kw"], sum(kw for _, kw in self.taken))
        left = self.facts["site_kw"] - since_yesterday
        loss = {"slow": self.p["loss_ac"], "fast": self.p["loss_dc"]}
        for s in self.active:
            s["most"] = min(s["kw"], battery_kw(self.facts, s["place"] == "fast", self.p)) / loss[s["place"]]
        for number, s in enumerate(sorted(self.active, key=lambda s: s["most"])):
            drawn = min(s["most"], left / (len(self.active) - number))
            left, s["rate"] = left - drawn, drawn * loss[s["place"]]
        for s in self.active:
            s["all"] = now + 60 * s["rest"] / s["rate"] if s["rate"] > 0 else math.inf
            s["end"] = min(s["all"], s["until"])
        grid = sum(s["rate"] / loss[s["place"]] for s in self.active) + since_yesterday
        self.peak = max(self.peak, grid)

    def next_time(self):
        ends = [s["end"] for s in self.active] + [until for until, _ in self.taken]
        return min([*ends, *(s["due"] for s in self.queue)], default=math.inf)


def begin(site, s, now):
    s["wait"] += now - s["came"]
    s |= {"begin": now, "served": True, "rest": s["kwh"], "rate": 0.0, "since": now}
    site.active.append(s)


def attend(site, now, give_up, go_on):
    """Bring a site up to now."""
    for s in [s for s in site.active if s["end"] <= now + 1e-9]:
        site.active.remove(s)
        rest = max(0.0, s["rest"] - s["rate"] * (now - s["since"]) / 60)
        s["end"], s["gave"] = now, s["kwh"] if s["all"] <= s["until"] else s["kwh"] - rest
        go_on(s, now)
    site.taken = [(until, kw) for until, kw in site.taken if until > now]
    for s in list(site.queue):
        room = len(site.active) + len(site.taken) < max(1, site.facts["points"])
        patient = s["forced"] or now <= s["came"] + site.p["patience_min"]
        if room and patient and now < s["until"]:
            site.queue.remove(s)
            begin(site, s, now)
        elif now >= s["due"] and give_up(s, now):
            site.queue.remove(s)
    site.share_power(now)


def serve_day(cars, plans, facts, zones, p, taken=()):
    """All sites and cars of a day, one event after another: found by looking at everything. Returns the sites.

    ``plans`` are (sessions, at home, night) of each car; what came of a session is written into its dict.
    """
    sites = [Site(f, p, taken[v] if taken else ()) for v, f in enumerate(facts)]
    days = [walk(car, sessions, night) for car, (sessions, _, night) in zip(cars, plans, strict=True)]
    coming = {}

    def expect(c, step):
        now, s = step
        s |= {"car": c, "wait": 0.0, "left": 0, "served": False, "at": s["site"], "ways": s["way"], "gave": 0.0}
        coming[c] = now, s

    def go_on(s, now):
        with contextlib.suppress(StopIteration):
            expect(s["car"], days[s["car"]].send(now))

    def give_up(s, now):
        other = None
        if s["left"] < p["retries"]:
            fast = s["place"] == "fast"
            near, stay = zones[s["place"]][s["zone"]], s["until"] - now
            place = cars[s["car"]]["place"]
            other = best_site(near, facts, place, now, stay, s["kwh"], fast, p, (s["site"], s["at"]))
            way = 0.5 * (other["way"] + s["way"]) if other else 0.0
            if other and now + way >= s["until"]:
                other = None
        if other is None and s["forced"]:
            s["due"] = math.inf
            return False
        s["wait"] += now - s["came"]
        s["left"] += 1
        if other is None:
            go_on(s, now)
        else:
            s["at"], s["ways"] = other["site"], s["ways"] + way
            coming[s["car"]] = now + way, s
        return True

    for c, one in enumerate(days):
        step = next(one, None)
        if step:
            expect(c, step)
    while True:
        at_sites = [(site.next_time(), 0, v) for v, site in enumerate(sites)]
        now, kind, which = min([*at_sites, *((t, 1, c) for c, (t, _) in coming.items())], default=(math.inf, 0, 0))
        if now == math.inf:
            return sites
        if kind == 1:
            _, s = coming.pop(which)
            s |= {"came": now, "due": min(now + p["patience_min"], s["until"])}
            sites[s["at"]].queue.append(s)
            attend(sites[s["at"]], now, give_up, go_on)
        else:
            attend(sites[which], now, give_up, go_on)


def settle_day(car, plan, p):
    """(energy in the evening, lowest state, sessions as (place, begin, end, kWh)) after `serve_day`."""
    sessions, at_home, night = plan
    energy, low, found = car["energy"], math.inf, []

    def from_point(s):
        nonlocal energy
        if s and s.get("served"):
            kwh = max(0.0, min(s["gave"], car["battery"] - energy))
            minutes = (s["end"] - s["begin"]) * (kwh / s["gave"] if kwh < s["gave"] else 1.0)
            found.append((s["place"], s["begin"], s["begin"] + minutes, kwh, s["at"]))
            energy += kwh

    for tour, s in zip(car["tours"], sessions, strict=True):
        need = tour["km"] * p["kwh_km"]
        if s and s.get("moment") == "out":
            from_point(s)
        energy -= need
        low = min(low, energy)
        if s and s["place"] == "work":
            kw = tour["work_kw"] * p["loss_ac"]
            kwh = max(0.0, min(car["battery"] - energy, kw * (tour["left"] - tour["arrived"]) / 60))
            found.append(("work", tour["arrived"], tour["arrived"] + 60 * kwh / kw, kwh, -1))
            energy += kwh
        elif s and s["moment"] != "out":
            from_point(s)
        energy -= need
        low = min(low, energy)
    if at_home:
        begins, minutes, kwh = home_session(car, energy, tour["returned"], p)
        found.append(("home", begins, begins + minutes, kwh, -1))
        energy += kwh
    from_point(night)
    return energy, low, found
