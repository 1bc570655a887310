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
    """The cheapest site of ``near`` (pairs of site and minutes) by energy, wait and detour: (site, lost minutes)."""
    options = []
    for v, minutes in near:
        lost = walk * minutes + stations[v]["wait_min"]
        options.append((grid_kwh * stations[v]["eur_kwh"] + p["value_of_time_eur_h"] * lost / 60, v, lost))
    return min(options, key=lambda o: o[0])[1:] if options else (None, 0.0)


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

    if tour["at_work"] and car["work_kw"] > 0:
        kwh = addable(car["work_kw"])
        if suffices(kwh):
            v = utility(p, "work", soc, hours, kwh * p["work_eur_kwh"] / p["loss_ac"], car["weight"], 0.0)
            options.append((v + gumbel(base + 1), {"place": "work", "kwh": kwh}))
    guess = addable(min(p["car_ac_kw"], 22.0))
    site, lost = best_site(tour["slow"], stations, guess / p["loss_ac"], p, p["walk_multiplier"])
    if site is not None:
        kw = min(p["car_ac_kw"], stations[site]["kw"])
        kwh = addable(kw)
        if suffices(kwh):
            eur = kwh * stations[site]["eur_kwh"] / p["loss_ac"]
            v = utility(p, "slow", soc, hours, eur, car["weight"], lost) + gumbel(base + 2)
            minutes = 60 * kwh / (p["loss_ac"] * kw)
            options.append((v, {"place": "slow", "site": site, "at": tour["arrive"], "kwh": kwh, "minutes": minutes}))
    kwh = max(0.0, min(battery, max(p["fast_until_share"] * battery, need_home)) - energy)
    site, lost = best_site(tour["fast"], stations, kwh / p["loss_dc"], p)
    if site is not None and kwh > 0.5:
        minutes = 60 * kwh / (p["loss_dc"] * stations[site]["kw"])
        eur = kwh * stations[site]["eur_kwh"] / p["loss_dc"]
        v = utility(p, "fast", soc, 1.0, eur, car["weight"], lost + minutes) + gumbel(base + 3)
        options.append((v, {"place": "fast", "site": site, "at": tour["leave"], "kwh": kwh, "minutes": minutes}))
    if not forced:
        options.insert(0, (gumbel(base), None))
    chosen = max(options, key=lambda o: o[0])[1] if options else None
    return None if chosen is None else chosen | {"forced": forced}


def before_leaving(car, tour, energy, stations, p):
    """A fast charge before a drive that the battery would not last, None if no fast site is near."""
    battery = car["battery"]
    whole_tour = 2 * tour["km"] * p["kwh_km"] + p["reserve_share"] * battery
    kwh = min(battery, max(p["fast_until_share"] * battery, whole_tour)) - energy
    site, _ = best_site(tour["fast_at_home"], stations, kwh / p["loss_dc"], p)
    if site is None or kwh <= 0:
        return None
    minutes = 60 * kwh / (p["loss_dc"] * stations[site]["kw"])
    return {"place": "fast", "site": site, "at": tour["depart"], "kwh": kwh, "minutes": minutes, "forced": True}


def night(car, tour, energy, p, gumbel, base):
    """kWh charged at home from the return until six in the morning."""
    hours = max(0.0, (30 * 60 - tour["back"]) / 60)
    kwh = max(0.0, min(car["battery"] - energy, car["home_kw"] * p["loss_ac"] * hours))
    if car["home_kw"] <= 0 or kwh <= 0.5:
        return 0.0
    eur = kwh * car["home_eur_kwh"] / p["loss_ac"]
    v = utility(p, "home", energy / car["battery"], hours, eur, car["weight"], 0.0)
    return kwh if v + gumbel(base + 4) > gumbel(base + 5) else 0.0


def plan_day(car, tours, energy, stations, p, day, gumbel):
    """Drive a car's tours in their order: (energy before unforced public sessions, lowest state, sessions, nights)."""
    low, sessions, at_home = math.inf, [], 0.0
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
        energy -= need
        low = min(low, energy + coming)
        sessions.append(session)
        if number == len(tours) - 1:
            at_home = night(car, tour, min(energy + coming, car["battery"]), p, gumbel, base)
            energy += at_home
    return energy, low, sessions, at_home


def serve(requests, points, patience_min):
    """First come first served: (wait, served) of requests ``(arrival, minutes, forced)`` in order of arrival."""
    free_at, found = [0.0] * max(1, points), []
    for arrival, minutes, forced in requests:
        first = min(range(len(free_at)), key=lambda k: (free_at[k], k))
        wait = max(0.0, free_at[first] - arrival)
        served = forced or wait <= patience_min
        if served:
            free_at[first] = arrival + wait + minutes
        found.append((wait, served))
    return found


def finish_day(energy, battery, sessions, served):
    """Unforced public sessions that were served fill the battery, in the order of the tours: (energy, kWh of each)."""
    gained = []
    for session, ok in zip(sessions, served, strict=True):
        kwh = 0.0
        if session and session["place"] != "work":
            kwh = session["kwh"] if session["forced"] else 0.0
            if ok and not session["forced"]:
                kwh = max(0.0, min(session["kwh"], battery - energy))
                energy += kwh
        gained.append(kwh)
    return energy, gained
