"""A day of electric cars in plain Python: drive, choose where to charge, queue, and fill the batteries.

Cars, tours, stations and parameters are dicts; ``gumbel(draw)`` is the frozen error term of the car. Energy is at the
battery, what is paid is at the plug.
"""

import math

PLACES = {"home": 0, "work": 1, "slow": 2, "fast": 3}


def utility(p, place, soc, hours, eur, weight, lost_min):
    """``V = c_place + b_soc SOC + b_dur ln(hours) + g (price - value of time lost)``; g is negative."""
    lost_eur = p["value_of_time_eur_h"] * lost_min / 60
    return p[f"c_{place}"] + p["b_soc"] * soc + p["b_dur"] * math.log(max(hours, 0.1)) + weight * (eur + lost_eur)


def best_site(near, stations, grid_kwh, p, walk=1.0):
    """The cheapest site of ``near`` (pairs of site and minutes) by energy, wait and way: (site, wait, way in min)."""
    options = []
    for v, minutes in near:
        way, wait = walk * minutes, stations[v]["wait_min"]
        options.append((grid_kwh * stations[v]["eur_kwh"] + p["value_of_time_eur_h"] * (way + wait) / 60, v, wait, way))
    return min(options, key=lambda o: o[0])[1:] if options else (None, 0.0, 0.0)


def slow_charge(car, near, hours, energy, stations, p):
    """A slow charge near a zone: (site, kWh, minutes at the point, wait, walk as it weighs), None without a site."""

    def addable(kw):
        return max(0.0, min(car["battery"] - energy, kw * p["loss_ac"] * hours))

    site, wait, walk = best_site(near, stations, addable(p["car_ac_kw"]) / p["loss_ac"], p, p["walk_multiplier"])
    if site is None:
        return None
    kw = min(p["car_ac_kw"], stations[site]["kw"])
    return site, addable(kw), 60 * addable(kw) / (p["loss_ac"] * kw), wait, walk


def stop(car, tour, energy, stations, p, gumbel, base):
    """What the driver does at the destination: None, or a dict of the session with ``place`` and ``kwh``."""
    battery, soc = car["battery"], energy / car["battery"]
    hours = max(0.0, (tour["leave"] - tour["arrive"]) / 60)
    need_home = tour["km"] * p["kwh_km"] + p["reserve_share"] * battery
    forced = energy < need_home
    options = []

    def addable(kw):
        return max(0.0, min(battery - energy, kw * p["loss_ac"] * hours))

    def suffices(kwh):
        return kwh > 0.5 and (not forced or energy + kwh >= need_home)

    if tour["work_kw"] > 0:
        kwh = addable(tour["work_kw"])
        if suffices(kwh):
            v = utility(p, "work", soc, hours, kwh * p["work_eur_kwh"] / p["loss_ac"], car["weight"], 0.0)
            options.append((v + gumbel(base + 1), {"place": "work", "kwh": kwh}))
    slow = slow_charge(car, tour["slow"], hours, energy, stations, p)
    if slow and suffices(slow[1]):
        site, kwh, minutes, wait, walk = slow
        eur = kwh * stations[site]["eur_kwh"] / p["loss_ac"]
        v = utility(p, "slow", soc, hours, eur, car["weight"], wait + walk) + gumbel(base + 2)
        until = math.inf if forced else tour["leave"]
        session = {"place": "slow", "site": site, "at": tour["arrive"], "until": until, "lost": walk}
        options.append((v, session | {"kwh": kwh, "minutes": minutes}))
    kwh = max(0.0, min(battery, max(p["fast_until_share"] * battery, need_home)) - energy)
    site, wait, way = best_site(tour["fast"], stations, kwh / p["loss_dc"], p)
    if site is not None and kwh > 0.5:
        minutes = 60 * kwh / (p["loss_dc"] * stations[site]["kw"])
        eur = kwh * stations[site]["eur_kwh"] / p["loss_dc"]
        v = utility(p, "fast", soc, 1.0, eur, car["weight"], wait + way + minutes) + gumbel(base + 3)
        session = {"place": "fast", "site": site, "at": tour["leave"], "until": math.inf, "lost": way + minutes}
        options.append((v, session | {"kwh": kwh, "minutes": minutes}))
    if not forced:
        options.insert(0, (gumbel(base), None))
    chosen = max(options, key=lambda o: o[0])[1] if options else None
    return None if chosen is None else chosen | {"forced": forced}


def before_leaving(car, tour, energy, stations, p):
    """A fast charge before a drive that the battery would not last, None if no fast site is near."""
    battery = car["battery"]
    whole_tour = 2 * tour["km"] * p["kwh_km"] + p["reserve_share"] * battery
    kwh = min(battery, max(p["fast_until_share"] * battery, whole_tour)) - energy
    site, _, way = best_site(tour["fast_at_home"], stations, kwh / p["loss_dc"], p)
    if site is None or kwh <= 0:
        return None
    minutes = 60 * kwh / (p["loss_dc"] * stations[site]["kw"])
    session = {"place": "fast", "site": site, "at": tour["depart"], "until": math.inf, "lost": way + minutes}
    return session | {"kwh": kwh, "minutes": minutes, "forced": True}


def night(car, tour, energy, p, gumbel, base):
    """kWh charged at home from the return until six in the morning."""
    hours = max(0.0, (30 * 60 - tour["back"]) / 60)
    kwh = max(0.0, min(car["battery"] - energy, car["home_kw"] * p["loss_ac"] * hours))
    if car["home_kw"] <= 0 or kwh <= 0.5:
        return 0.0
    eur = kwh * car["home_eur_kwh"] / p["loss_ac"]
    v = utility(p, "home", energy / car["battery"], hours, eur, car["weight"], 0.0)
    return kwh if v + gumbel(base + 4) > gumbel(base + 5) else 0.0


def night_in_public(car, tour, energy, stations, p, gumbel, base):
    """A slow charge near a home without a plug, from the return until six in the morning: None or the session."""
    hours = max(0.0, (30 * 60 - tour["back"]) / 60)
    slow = slow_charge(car, tour["slow_at_home"], hours, energy, stations, p)
    if slow is None or slow[1] <= 0.5:
        return None
    site, kwh, minutes, wait, walk = slow
    eur = kwh * stations[site]["eur_kwh"] / p["loss_ac"]
    v = utility(p, "slow", energy / car["battery"], hours, eur, car["weight"], wait + walk)
    if v + gumbel(base + 6) <= gumbel(base + 5):
        return None
    session = {"place": "slow", "site": site, "at": tour["back"], "until": 30 * 60, "lost": walk, "forced": False}
    return session | {"kwh": kwh, "minutes": minutes}


def plan_day(car, tours, energy, stations, p, day, gumbel):
    """Drive a car's tours in their order.

    Returns (energy before unforced public sessions, lowest state, sessions by tour, kWh at home, session of the night).
    """
    low, sessions, at_home, in_public, all_coming = math.inf, [], 0.0, None, 0.0
    for number, tour in enumerate(tours):
        base, need = (day * 64 + number) * 8, tour["km"] * p["kwh_km"]
        session = None
        if energy < need + p["reserve_share"] * car["battery"]:
            session = before_leaving(car, tour, energy, stations, p)
            energy += session["kwh"] if session else 0.0
        energy -= need
        low = min(low, energy)
        if session is None:
            session = stop(car, tour, energy, stations, p, gumbel, base)
            if session and (session["place"] == "work" or session["forced"]):
                energy += session["kwh"]
        coming = session["kwh"] if session and session["place"] != "work" and not session["forced"] else 0.0
        all_coming += coming
        energy -= need
        low = min(low, energy + coming)
        sessions.append(session)
        if number == len(tours) - 1:
            evening = min(energy + all_coming, car["battery"])
            if car["home_kw"] > 0:
                at_home = night(car, tour, evening, p, gumbel, base)
            else:
                in_public = night_in_public(car, tour, evening, stations, p, gumbel, base)
            energy += at_home
    return energy, low, sessions, at_home, in_public


def serve(requests, points, patience_min, free_at=None):
    """First come first served: (wait, served, kWh) of dicts of requests in order of arrival.

    ``free_at`` is when the points become free, a list that is written on.
    """
    free_at, found = [0.0] * max(1, points) if free_at is None else free_at, []
    for request in requests:
        first = min(range(len(free_at)), key=lambda k: (free_at[k], k))
        wait = max(0.0, free_at[first] - request["at"])
        stay = request["until"] - request["at"] - wait
        served = request["forced"] or (wait <= patience_min and stay > 0)
        kwh = 0.0
        if served:
            kwh = request["kwh"] * (min(1.0, stay / request["minutes"]) if request["minutes"] > 0 else 1.0)
            free_at[first] = request["at"] + wait + min(request["minutes"], stay)
        found.append((wait, served, kwh))
    return found


def finish_day(energy, battery, sessions, given):
    """What the points gave fills the battery, in the order of the tours, the night last: (energy, kWh of each)."""
    gained = []
    for session, kwh in zip(sessions, given, strict=True):
        if session is None or session["place"] == "work":
            kwh = 0.0
        elif session["forced"]:
            kwh = session["kwh"]
        else:
            kwh = max(0.0, min(kwh, battery - energy))
            energy += kwh
        gained.append(kwh)
    return energy, gained
