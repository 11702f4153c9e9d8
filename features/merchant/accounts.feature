@host-control
Feature: Who may ask the office
  A merchant's books are for his own people, each with an account: passwords that are worth something, sessions that end, and a key for his programs.

  Background:
    Given "mei" is owner of "Noodle House" at the office

  @ACC-001
  Scenario: Who has not logged in is told nothing
    When somebody who has not logged in asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-001
  Scenario: ... and who has is told
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says OK

  @ACC-002
  Scenario: Nobody is told of another merchant
    When "mei" of "Noodle House" asks what is owed to "Tea House"
    Then the office says NOT_YOURS

  @ACC-003
  Scenario: An operator looks
    Given "lin" is operator of "Noodle House" at the office
    When "lin" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says OK

  @ACC-003
  Scenario: ... and moves no money
    Given "lin" is operator of "Noodle House" at the office
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 100.00 CNY at "T1"
    When "lin" of "Noodle House" wants the money at once
    Then the office says NOT_ALLOWED
    And "Noodle House" was paid out
      | at | amount |

  @ACC-003
  Scenario: Owners are made by the office, who has seen their papers
    When "mei" of "Noodle House" opens an account for owner "lin"
    Then the office says NOT_ALLOWED

  @ACC-004
  Scenario: The first password is changed before anything else
    Given "mei" of "Noodle House" opens an account for operator "lin"
    And "lin" of "Noodle House" has logged in
    When "lin" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says CHANGE_PASSWORD

  @ACC-004
  Scenario: ... and then everything is open
    Given the office has opened the account of "lin" of "Noodle House"
    And "lin" of "Noodle House" has logged in
    And "lin" of "Noodle House" changes the password to a good one
    When "lin" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says OK

  @ACC-005
  Scenario Outline: A password that is easily guessed is not taken: <kind>
    When "mei" of "Noodle House" changes the password to <kind>
    Then the office says WEAK_PASSWORD

    Examples:
      | kind                  |
      | a short one           |
      | one of digits         |
      | one with the own name |
      | the same              |

  @ACC-005
  Scenario: ... and a good one is, from then on
    Given "mei" of "Noodle House" changes the password to a good one
    When "mei" of "Noodle House" logs in
    Then the office says OK

  @ACC-006
  Scenario: After five wrong passwords the right one does not help
    When "mei" of "Noodle House" logs in with a wrong password 5 times
    And "mei" of "Noodle House" logs in
    Then the office says LOCKED

  @ACC-006
  Scenario: ... and after four it does
    When "mei" of "Noodle House" logs in with a wrong password 4 times
    And "mei" of "Noodle House" logs in
    Then the office says OK

  @ACC-007 @clock
  Scenario: A lock ends after half an hour
    Given "mei" of "Noodle House" has logged in with a wrong password 5 times
    And 31 minutes pass
    When "mei" of "Noodle House" logs in
    Then the office says OK

  @ACC-007
  Scenario: ... or by another password of the office's
    Given "mei" of "Noodle House" has logged in with a wrong password 5 times
    And the office resets the account of "mei" of "Noodle House"
    When "mei" of "Noodle House" logs in
    Then the office says OK

  @ACC-008
  Scenario: Nobody learns who has an account
    When "nobody" of "Noodle House" logs in with a wrong password
    Then the office says BAD_LOG_IN

  @ACC-009
  Scenario: Who has logged out is out
    Given "mei" of "Noodle House" has logged out
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-010 @clock
  Scenario: A session that rests for a quarter of an hour ends
    Given 16 minutes pass
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-010 @clock
  Scenario: ... and one that is used does not
    Given 14 minutes pass
    And "mei" of "Noodle House" asks what is owed to "Noodle House"
    And 14 minutes pass
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says OK

  @ACC-011 @clock
  Scenario: A session ends after half a day, used or not
    Given "mei" of "Noodle House" goes on asking every 10 minutes for 13 hours
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-012
  Scenario: Who logs in on another phone has left the first
    Given "mei" of "Noodle House" has logged in
    And "mei" of "Noodle House" takes the earlier phone again
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-013
  Scenario: Whose account is closed is out
    Given the office has closed the account of "mei" of "Noodle House"
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-013
  Scenario: ... and stays out
    Given the office has closed the account of "mei" of "Noodle House"
    When "mei" of "Noodle House" logs in
    Then the office says BAD_LOG_IN

  @ACC-013
  Scenario: Whose password the office resets is out
    Given the office resets the account of "mei" of "Noodle House"
    When "mei" of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-014
  Scenario: A shop's programs have a key of its own
    Given "mei" of "Noodle House" makes a key
    When the key of "Noodle House" asks what is owed to "Noodle House"
    Then the office says OK

  @ACC-014
  Scenario: ... that ends when there is another
    Given "mei" of "Noodle House" makes a key
    And "mei" of "Noodle House" makes a key
    When the key before of "Noodle House" asks what is owed to "Noodle House"
    Then the office says NO_SESSION

  @ACC-002
  Scenario: ... and opens no other merchant's books
    Given "mei" of "Noodle House" makes a key
    When the key of "Noodle House" asks what is owed to "Tea House"
    Then the office says NOT_YOURS

  @ACC-015
  Scenario: Passwords, sessions and keys stand nowhere
    Given "mei" of "Noodle House" makes a key
    When "mei" of "Noodle House" logs in with a wrong password
    And "mei" of "Noodle House" logs in
    Then the office says OK
    And no output holds a password, a session or a key of the office
